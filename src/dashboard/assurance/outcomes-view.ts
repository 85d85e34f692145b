// The outcome of a day in words ready for a view. It refuses patient, title and content, which the lines do not have.
import { countOutcomes } from '../../decide/outcome-text.ts'
import { TEAM_OUTCOMES, TEAM_OUTCOME_NAMES } from '../../decide/team-outcome.ts'
import type { OutcomeDay, OutcomeLine } from '../../ledger/ledger.ts'
import type { Policy } from '../../policy/policy.ts'
import { counted, hrefTo, number } from './numbers-view.ts'
import { londonTime } from '../times.ts'

export const NO_TEAM = 'none'
const nameOf = (team: string, { services }: Policy): string => (team === '' ? 'Without a team that the policy knows' : `${services[team]?.name ?? 'Not in the policy any more'} (${team})`)

const MOST_SHOWN = 1000

const lineView = ({ documentId, sourceId, code, uploadedBy, outcome, before, because, firstReceivedAt }: OutcomeLine) => ({
  href: `/documents/${documentId}`, sourceId, code: code ?? 'None', uploadedBy: uploadedBy ?? 'Not known', received: { at: firstReceivedAt, text: londonTime(firstReceivedAt) },
  outcome: TEAM_OUTCOMES[outcome].text, says: TEAM_OUTCOMES[outcome].says, because, changed: before === undefined || before === outcome ? undefined : TEAM_OUTCOMES[before].text,
})

export const formView = (day: string, team: string | undefined, { services }: Policy) => ({
  day, teams: [{ value: '', text: 'All teams' }, ...Object.entries(services).map(([value, { name }]) => ({ value, text: `${name} (${value})`, selected: value === team })), { value: NO_TEAM, text: 'Without a team', selected: team === '' }],
})

export const outcomesView = (day: string, team: string | undefined, made: OutcomeDay, lines: readonly OutcomeLine[], policy: Policy) => {
  const heads = ['Documents', ...TEAM_OUTCOME_NAMES.map((name) => TEAM_OUTCOMES[name].text), 'Changed']
  const teams = [...Map.groupBy(lines, (line) => line.team)].map(([name, of]) => {
    const counts = countOutcomes(of)
    return {
      name: nameOf(name, policy), href: hrefTo('/outcomes', { day, team: name === '' ? NO_TEAM : name }),
      cells: [counted('Documents', of.length, undefined), ...TEAM_OUTCOME_NAMES.map((one) => counted(TEAM_OUTCOMES[one].text, counts[one], undefined)), counted('Changed', counts.changed, undefined)],
    }
  })
  return {
    made: londonTime(made.madeAt), dayText: londonTime(day), heads, teams, count: number(lines.length),
    csv: hrefTo('/outcomes.csv', { day, team: team === undefined ? undefined : team === '' ? NO_TEAM : team }),
    team: team === undefined ? undefined : nameOf(team, policy),
    lines: team === undefined ? undefined : lines.slice(0, MOST_SHOWN).map(lineView), shortened: lines.length > MOST_SHOWN ? number(MOST_SHOWN) : undefined,
  }
}
