// The outcome of a day in words ready for a view. It refuses patient, title and content, which the lines do not have.
import { countOutcomes } from '../../decide/outcome-text.ts'
import { TEAM_OUTCOMES, TEAM_OUTCOME_NAMES, type TeamOutcome } from '../../decide/team-outcome.ts'
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

/** Those with this outcome; undefined: all. */
export const having = (lines: readonly OutcomeLine[], outcome: TeamOutcome | 'changed' | undefined): readonly OutcomeLine[] =>
  outcome === undefined ? lines : lines.filter((one) => (outcome === 'changed' ? one.before !== undefined && one.before !== one.outcome : one.outcome === outcome))

type Asked = { readonly team?: string; readonly outcome?: TeamOutcome | 'changed' }

export const outcomesView = (day: string, { team, outcome }: Asked, made: OutcomeDay, lines: readonly OutcomeLine[], policy: Policy) => {
  const shown = having(lines, outcome)
  const heads = ['Documents', ...TEAM_OUTCOME_NAMES.map((name) => TEAM_OUTCOMES[name].text), 'Changed']
  const teams = [...Map.groupBy(lines, (line) => line.team)].map(([name, of]) => {
    const counts = countOutcomes(of)
    const link = (only?: string): string => `${hrefTo('/outcomes', { day, team: name === '' ? NO_TEAM : name, outcome: only })}#documents`
    return {
      name: nameOf(name, policy), href: hrefTo('/outcomes', { day, team: name === '' ? NO_TEAM : name }),
      cells: [counted('Documents', of.length, link()), ...TEAM_OUTCOME_NAMES.map((one) => counted(TEAM_OUTCOMES[one].text, counts[one], link(one))), counted('Changed', counts.changed, link('changed'))],
    }
  })
  return {
    made: londonTime(made.madeAt), dayText: londonTime(day), heads, teams, count: number(lines.length),
    csv: hrefTo('/outcomes.csv', { day, team: team === undefined ? undefined : team === '' ? NO_TEAM : team }),
    only: outcome === undefined ? undefined : outcome === 'changed' ? 'Changed' : TEAM_OUTCOMES[outcome].text, all: hrefTo('/outcomes', { day, team: team === '' ? NO_TEAM : team }),
    team: team === undefined ? undefined : nameOf(team, policy),
    lines: team === undefined ? undefined : shown.slice(0, MOST_SHOWN).map(lineView), shortened: shown.length > MOST_SHOWN ? number(MOST_SHOWN) : undefined,
  }
}
