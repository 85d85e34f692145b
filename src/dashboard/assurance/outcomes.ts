// What became of each team's documents on a day, as a page, as JSON and as CSV: the same lines as in the files that the
// teams get. It refuses a day that was not worked out yet, rather than show one that may still change.
import type { Request, RequestHandler } from 'express'
import { z } from 'zod'
import { startOfLondonDay } from '../../decide/london.ts'
import { countOutcomes, fileNameOf, outcomeCsv } from '../../decide/outcome-text.ts'
import { TEAM_OUTCOME_NAMES, type TeamOutcome } from '../../decide/team-outcome.ts'
import { Failure } from '../../errors.ts'
import { sendCsv } from '../csv-answer.ts'
import type { OutcomeDay, OutcomeLine } from '../../ledger/ledger.ts'
import { wrongInWords, type Wrong } from '../documents/filter.ts'
import { wrongView } from '../documents/list-view.ts'
import { formView, having, NO_TEAM, outcomesView } from './outcomes-view.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { aCount, aDay, anId, anInstant } from '../shapes.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now'>
type Asked = { readonly day?: string; /** Empty: documents without one. */ readonly team?: string; readonly outcome?: TeamOutcome | 'changed' }
type AskedRead = { readonly ok: true; readonly asked: Asked } | { readonly ok: false; readonly wrong: readonly Wrong[] }

const MOST_DAYS = 60

const query = z.object({
  day: z.string().optional().meta({ description: 'A day in London, such as 2026-11-23; the latest that was worked out if it is not given.' }),
  team: z.string().optional().meta({ description: `A RiO team of the policy, or ${NO_TEAM}.` }),
  outcome: z.string().optional().meta({ description: `Only documents with this outcome: ${TEAM_OUTCOME_NAMES.join(', ')}; or changed.` }),
})
const line = z.strictObject({
  documentId: anId, team: z.string(), outcome: z.enum(TEAM_OUTCOME_NAMES as [string]), because: z.string(), before: z.enum(TEAM_OUTCOME_NAMES as [string]).optional(), code: z.string().optional(),
  uploadedBy: z.string().optional(), sourceId: z.string(), firstReceivedAt: anInstant,
})
const outcomes = z.strictObject({
  day: aDay.optional(), madeAt: anInstant.optional(), days: z.array(aDay),
  counts: z.strictObject(Object.fromEntries([...TEAM_OUTCOME_NAMES, 'changed'].map((name) => [name, aCount]))).optional(), documents: z.array(line),
}).meta({ id: 'Outcomes' })

const OUTCOMES = [...TEAM_OUTCOME_NAMES, 'changed'] as const

const readAsked = ({ day, team, outcome, ...others }: { readonly [name: string]: unknown }, { services }: ReturnType<Parts['policy']>): AskedRead => {
  const given = typeof team === 'string' && team !== '' ? (team === NO_TEAM ? '' : team) : undefined
  const only = OUTCOMES.find((one) => one === outcome)
  const wrong: readonly Wrong[] = [
    ...(day === undefined || day === '' || (typeof day === 'string' && startOfLondonDay(day) !== undefined) ? [] : [{ parameter: 'day', why: 'Use a day such as 2026-11-23.' }]),
    ...((team !== undefined && typeof team !== 'string') || (given !== undefined && given !== '' && !Object.hasOwn(services, given)) ? [{ parameter: 'team', why: 'Use a team of the policy.' }] : []),
    ...(outcome === undefined || outcome === '' || only ? [] : [{ parameter: 'outcome', why: `Use one of ${OUTCOMES.join(', ')}.` }]),
    ...(Object.keys(others).length > 0 ? [{ parameter: 'a parameter', why: 'There is no such parameter. Use day, team and outcome.' }] : []),
  ]
  return wrong.length > 0 ? { ok: false, wrong } : { ok: true, asked: { ...(typeof day === 'string' && day !== '' ? { day } : {}), ...(given === undefined ? {} : { team: given }), ...(only ? { outcome: only } : {}) } }
}

export const outcomeAddresses = (parts: Parts): readonly Address[] => {
  const { ledger, policy } = parts
  const found = async ({ day, team }: Asked): Promise<{ readonly days: readonly OutcomeDay[]; readonly made?: OutcomeDay; readonly lines: readonly OutcomeLine[] }> => {
    const days = await ledger.outcomeDays(MOST_DAYS)
    const made = day === undefined ? days[0] : (days.find((one) => one.day === day) ?? (await ledger.outcomeDay(day)))
    return { days, ...(made ? { made, lines: await ledger.outcomeLines(made.day, team) } : { lines: [] }) }
  }
  const asked = (req: Request): Asked => {
    const read = readAsked(req.query, policy())
    if (!read.ok) throw new Failure('QUERY_INVALID', wrongInWords(read.wrong))
    return read.asked
  }
  const page: RequestHandler = async (req, res) => {
    const read = readAsked(req.query, policy())
    if (!read.ok) return show(res.status(400), 'outcomes.njk', { ...wrongView(read.wrong), form: formView('', undefined, policy()) })
    const { made, lines } = await found(read.asked)
    const form = formView(read.asked.day ?? made?.day ?? '', read.asked.team, policy())
    show(res, 'outcomes.njk', made ? { form, ...outcomesView(made.day, read.asked, made, lines, policy()) } : { form, missing: true })
  }
  const api: RequestHandler = async (req, res) => {
    const of = asked(req)
    const { days, made, lines } = await found(of)
    res.json({ ...(made ? { day: made.day, madeAt: made.madeAt, counts: countOutcomes(lines) } : {}), days: days.map(({ day }) => day), documents: having(lines, of.outcome) })
  }
  const csv: RequestHandler = async (req, res) => {
    const of = asked(req)
    const { made, lines } = await found(of)
    const team = of.team === undefined ? '.csv' : `-${fileNameOf(of.team).replaceAll('%', '_')}`
    sendCsv(res, `outcomes-${made?.day ?? 'none'}${team}`, outcomeCsv(having(lines, of.outcome), made?.madeAt ?? parts.now().toISOString()))
  }
  return [
    { method: 'get', path: '/outcomes', right: 'see', same: '/api/outcomes', handle: [page] },
    { method: 'get', path: '/outcomes.csv', right: 'see', handle: [csv] },
    { method: 'get', path: '/api/outcomes', right: 'see', told: { says: 'What became of the documents of a day, or has changed since, as each team was told.', query, answer: outcomes }, handle: [api] },
    { method: 'get', path: '/api/outcomes.csv', right: 'see', told: { says: 'The same as CSV, as in the files that the teams get.', query, type: 'text/csv' }, handle: [csv] },
  ]
}
