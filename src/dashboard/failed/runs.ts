// Retry runs for people and programs: a plan that says what would happen, its start with a reason, pause, go on and cancel,
// and a report of what became of each delivery. It refuses to start what was not looked at, and to send anything: the
// ledger makes due, and the workers judge.
import type { RequestHandler, Response } from 'express'
import { MOST_MEMBERS, RUN_WISHES, type RunWish } from '../../decide/retry-run.ts'
import { Failure } from '../../errors.ts'
import { sendCsv } from '../csv-answer.ts'
import type { Run, RunBy } from '../../ledger/ledger.ts'
import { NO_REASON } from '../../ledger/people.ts'
import { bodyOf, json } from '../documents/api.ts'
import { wrongInWords } from '../documents/filter.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { readRun } from './run-asked.ts'
import { runCsv } from './run-csv.ts'
import { runDifference, runDifferenceRows, runDifferenceShape } from './run-difference.ts'
import { runRowView, runView, type Waits } from './runs-view.ts'
import { wish as wishShape } from '../shapes.ts'
import { reportShape, runAsked, runNowShape, runShape, runsShape } from './shapes-runs.ts'
import { actorOf, may, ownForms, visitorOf } from '../visitor.ts'
import { show } from '../views.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'now'>

const [MOST_RUNS, MOST_ROWS] = [100, 100]
/** What a process said of its circuits longer ago counts no more. */
const HEARD_MS = 60_000
const NONE = 'There is no such run.'

const runOf = async ({ ledger }: Parts, id: unknown): Promise<Run> => {
  const run = typeof id === 'string' ? await ledger.run(id) : undefined
  if (!run) throw new Failure('NOT_FOUND', NONE)
  return run
}

const waitsOf = async ({ ledger, now }: Parts, { id, destination }: Run): Promise<Waits> => {
  const at = now()
  const [about, halted, heard] = await Promise.all([ledger.runNow(id, at.toISOString()), ledger.haltedChannels(), ledger.channelReports(new Date(at.getTime() - HEARD_MS).toISOString())])
  if (!about) throw new Failure('NOT_FOUND', NONE)
  const paused = halted.find(({ channel }) => channel === destination)
  const open = heard.find(({ channel, circuit, until }) => channel === destination && circuit === 'open' && until !== undefined)
  return { ...about, ...(open?.until ? { circuitUntil: open.until } : {}), ...(paused ? { paused: { actor: paused.actor, reason: paused.reason } } : {}) }
}

const askerOf = (res: Response): Pick<RunBy, 'id' | 'kind'> => ({ id: visitorOf(res).id, kind: visitorOf(res).kind })

const plan = async (parts: Parts, res: Response, given: { readonly [name: string]: unknown }, actor: string): Promise<Run | Extract<ReturnType<typeof readRun>, { ok: false }>> => {
  const read = readRun(given, parts.policy())
  if (!read.ok) return read
  const made = await parts.ledger.planRun(read.asked, { ...askerOf(res), actor, at: parts.now().toISOString() })
  if (!made) throw new Failure('NOT_FOUND', 'Nothing is in trouble there any more: it has arrived, or was decided anew.')
  return made
}

const change = async (parts: Parts, res: Response, id: unknown, wanted: RunWish, { actor, reason }: Wish): Promise<Run> => {
  const changed = typeof id === 'string' ? await parts.ledger.changeRun(id, wanted, { ...askerOf(res), actor, reason, at: parts.now().toISOString() }) : undefined
  if (!changed) throw new Failure('NOT_FOUND', NONE)
  return changed
}

const reportCsv = (parts: Parts): RequestHandler => async (req, res) => {
  const { id } = await runOf(parts, req.params['id'])
  sendCsv(res, 'retry-run.csv', runCsv(await parts.ledger.runReport(id, MOST_MEMBERS)))
}

export const runAddresses = (parts: Parts): readonly Address[] => [...apiRuns(parts), ...pageRuns(parts)]

// ---------------------------------------------------------------- for programs

const SAYS = {
  start: 'Has a planned run begin; of a large one, asks for a second person, or is that person.', pause: 'Nothing more is tried.', 'go-on': 'A run that was paused, or stopped by itself, goes on.', cancel: 'What was not tried is left as it is.',
} as const satisfies Record<RunWish, string>

const apiRuns = (parts: Parts): readonly Address[] => {
  const { ledger } = parts
  const list: RequestHandler = async (_req, res) => void res.json({ runs: await ledger.runs(MOST_RUNS) })
  const one: RequestHandler = async (req, res) => {
    const run = await runOf(parts, req.params['id'])
    res.json({ run, now: await waitsOf(parts, run) })
  }
  const difference: RequestHandler = async (req, res) => {
    const found = await runDifference(parts, await runOf(parts, req.params['id']))
    if (!found) throw new Failure('QUERY_INVALID', 'The run only tries again: that decides nothing, so nothing differs.')
    res.json(found)
  }
  const report: RequestHandler = async (req, res) => {
    const run = await runOf(parts, req.params['id'])
    res.json({ run, deliveries: await ledger.runReport(run.id, MOST_MEMBERS) })
  }
  const planIt: RequestHandler = async (req, res) => {
    const { by, ...given } = bodyOf(req)
    const stranger = Object.keys(given).find((name) => !['kind', 'group', 'deliveries', 'run', 'changed', 'perMinute'].includes(name))
    if (stranger !== undefined) throw new Failure('QUERY_INVALID', `There is no such member: ${stranger.slice(0, 40)}.`)
    // A plan changes nothing, so it needs no reason yet.
    const { actor } = by === undefined ? { actor: actorOf(res) } : wishOfBody(res, { by, reason: NO_REASON })
    const made = await plan(parts, res, given, actor)
    if ('ok' in made) throw new Failure('QUERY_INVALID', wrongInWords(made.wrong))
    res.status(201).json(made)
  }
  const changeIt = (wanted: RunWish): RequestHandler => async (req, res) => void res.json(await change(parts, res, req.params['id'], wanted, wishOfBody(res, bodyOf(req))))
  return [
    { method: 'get', path: '/api/runs', right: 'see', told: { says: 'Retry runs, newest first, at most 100.', answer: runsShape }, handle: [list] },
    { method: 'post', path: '/api/runs/plan', right: 'retry', told: { says: 'Plans a run: nothing happens yet.', body: runAsked, answer: runShape, status: 201, errors: ['NOT_FOUND'] }, handle: [json, planIt] },
    { method: 'get', path: '/api/runs/:id', right: 'see', told: { says: 'One run, how far it is, and what has changed around it.', answer: runNowShape, errors: ['NOT_FOUND'] }, handle: [one] },
    { method: 'get', path: '/api/runs/:id/difference', right: 'see', told: { says: 'What a plan to decide again, or to print instead, would change.', answer: runDifferenceShape, errors: ['NOT_FOUND', 'QUERY_INVALID'] }, handle: [difference] },
    { method: 'get', path: '/api/runs/:id/report', right: 'see', told: { says: 'What became of each delivery of a run.', answer: reportShape, errors: ['NOT_FOUND'] }, handle: [report] },
    { method: 'get', path: '/api/runs/:id/report.csv', right: 'see', told: { says: 'The same as CSV.', type: 'text/csv', errors: ['NOT_FOUND'] }, handle: [reportCsv(parts)] },
    ...RUN_WISHES.map((wanted): Address => ({
      method: 'post', path: `/api/runs/:id/${wanted}`, right: 'retry', told: { says: SAYS[wanted], body: wishShape, answer: runShape, errors: ['NOT_FOUND', 'RUN_NOT_POSSIBLE', 'SECOND_PERSON_NEEDED'] }, handle: [json, changeIt(wanted)],
    })),
  ]
}

// ---------------------------------------------------------------- for people

const MESSAGE = { start: 'run-started', pause: 'run-paused', 'go-on': 'run-goes-on', cancel: 'run-cancelled' } as const satisfies Record<RunWish, string>

const pageRuns = (parts: Parts): readonly Address[] => {
  const { ledger } = parts
  const view = async (res: Response, id: unknown, more: object): Promise<object> => {
    const run = await runOf(parts, id)
    const [now, rows] = await Promise.all([waitsOf(parts, run), ledger.runReport(run.id, MOST_ROWS, { failedFirst: true })])
    const difference = (run.part > 0 || (run.byClass.refused ?? 0) > 0) && (run.state === 'planned' || run.state === 'unconfirmed') ? await runDifference(parts, run) : undefined
    const total = Object.values(run.byClass).reduce((sum: number, n) => sum + (n ?? 0), 0)
    return { given: {}, run: runView(run, now, rows, may(res, 'retry')), ...(difference ? { difference: runDifferenceRows(difference) } : {}), most: total > MOST_ROWS ? MOST_ROWS : undefined, ...more }
  }
  const list: RequestHandler = async (req, res) => show(res, 'runs.njk', { message: messageOf(req), runs: (await ledger.runs(MOST_RUNS)).map(runRowView) })
  const one: RequestHandler = async (req, res) => (await ledger.run(String(req.params['id'])))
    ? show(res, 'run.njk', await view(res, req.params['id'], { message: messageOf(req) }))
    : show(res.status(404), 'run.njk', {})
  const planIt: RequestHandler = async (req, res) => {
    const { formToken: _formToken, ...given } = req.body as { readonly [name: string]: unknown }
    const made = await plan(parts, res, given, actorOf(res))
    if (!('ok' in made)) return res.redirect(303, `/runs/${made.id}`)
    // The form of a plan stands on the page of the plan before it; the one of a group has nothing to fill in.
    if (typeof given['run'] !== 'string') throw new Failure('QUERY_INVALID', wrongInWords(made.wrong))
    show(res.status(400), 'run.njk', await view(res, given['run'], { given, ...wrongFields(made.wrong) }))
  }
  const changeIt = (wanted: RunWish): RequestHandler => async (req, res) => {
    const given = req.body as { readonly [name: string]: unknown }
    // Whoever pauses is in a hurry.
    const wish = wanted === 'pause' ? { ok: true as const, wish: { actor: actorOf(res), reason: NO_REASON } } : wishOfForm(res, given)
    if (!wish.ok) return show(res.status(400), 'run.njk', await view(res, req.params['id'], { asked: wanted, given, ...wrongFields(wish.wrong, `-${wanted}`) }))
    const { id, state } = await change(parts, res, req.params['id'], wanted, wish.wish)
    res.redirect(303, `/runs/${id}?message=${state === 'unconfirmed' ? 'run-unconfirmed' : MESSAGE[wanted]}`)
  }
  return [
    { method: 'get', path: '/runs', right: 'see', same: '/api/runs', handle: [list] },
    { method: 'post', path: '/runs/plan', right: 'retry', handle: [form, ownForms, planIt] },
    { method: 'get', path: '/runs/:id', right: 'see', same: '/api/runs/:id', handle: [one] },
    { method: 'get', path: '/runs/:id/report.csv', right: 'see', handle: [reportCsv(parts)] },
    ...RUN_WISHES.map((wanted): Address => ({ method: 'post', path: `/runs/:id/${wanted}`, right: 'retry', handle: [form, ownForms, changeIt(wanted)] })),
  ]
}
