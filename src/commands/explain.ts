// `openletter explain FILE|DOCUMENT`: the whole plan, rule by rule, for a message in a file as the engine would make it
// for a document that it has not seen before, or for a document in the ledger; with `--as-of`, as it was then. It shows what
// the message says of the patient: of a document in the ledger that is a look, and in the log before anything is shown.
// It refuses to send anything, and to store anything but that.
import { parseArgs } from 'node:util'
import { Failure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { isoInstant } from '../parse/time.ts'
import { loadPolicy } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { printProblem } from '../policy/problem.ts'
import type { Environment } from '../settings.ts'
import { checkable } from './environment.ts'
import { documentCalled, explainDocument, explainThen, policyThen } from './explain-document.ts'
import { explainFile, isFile } from './explain-file.ts'
import { inWords } from './explain-words.ts'
import type { Explanation } from '../engine/explanation.ts'
import { withLedger } from './ledger.ts'
import { terminal, type Talk } from './replay-apply.ts'

export const USAGE = `Usage: npx openletter explain FILE|DOCUMENT [--feed NAME] [--as-of TIME] [--json]
FILE is an HL7 message (.hl7) or an upload (.json), or - for standard input; samples/ has some.
DOCUMENT is the id of a document as the pages show it, or the id that RiO gave it.
TIME is a day (its end, in London) such as 2026-11-20, or an instant such as 2026-11-20T14:30:00Z.`

type Asked = { readonly what: string; readonly feed?: string; readonly asOf?: string; readonly json: boolean }

export const explain = async (args: readonly string[], env: NodeJS.ProcessEnv, talk: Pick<Talk, 'actor'> = terminal): Promise<number> => {
  const asked = askedIn(args)
  if (typeof asked === 'string') { console.error(asked === '' ? USAGE : `${asked}\n${USAGE}`); return 2 }
  const explained = asked.asOf === undefined ? await explainNow(asked, env, talk) : await explainAsOf(asked, asked.asOf, env, talk)
  if (!explained) return 1
  console.log(asked.json ? JSON.stringify(explained, undefined, 2) : inWords(explained))
  return explained.reasons ? 0 : 1
}

/** What is asked, or what is wrong with it. */
const askedIn = (args: readonly string[]): Asked | string => {
  try {
    const { values, positionals } = parseArgs({
      args: [...args], allowPositionals: true, options: { feed: { type: 'string' }, 'as-of': { type: 'string' }, json: { type: 'boolean', default: false } },
    })
    const [what, ...more] = positionals
    if (!what || more.length > 0) return more.length > 0 ? 'explain takes one file or document.' : ''
    const asOf = values['as-of'] === undefined ? undefined : moment(values['as-of'])
    if (values['as-of'] !== undefined && asOf === undefined) return `${values['as-of']} is not a time.`
    return { what, json: values.json, ...(values.feed ? { feed: values.feed } : {}), ...(asOf ? { asOf } : {}) }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A day is meant whole, as clocks in London show it. */
const moment = (text: string): string | undefined => isoInstant(/^\d{4}-\d{2}-\d{2}$/u.test(text) ? `${text}T23:59:59.999` : text, 'Europe/London')

const explainNow = async ({ what, feed }: Asked, env: Environment, talk: Pick<Talk, 'actor'>): Promise<Explanation | undefined> => {
  const { policy, problems, files } = await loadPolicy(checkable(env))
  if (!policy) {
    for (const problem of problems) console.error(printProblem(problem))
    return undefined
  }
  const on = { hash: policy.hash, from: 'disk' } as const
  if (await isFile(what)) return { ...(await explainFile({ file: what, policy, files, at: new Date(), ...(feed ? { feed } : {}) })), policy: on }
  return inLedger(what, env, async (ledger) => seen(ledger, talk, await explainDocument(ledger, await documentCalled(ledger, what), policy, files)), policy)
}

const explainAsOf = async ({ what, feed }: Asked, at: string, env: Environment, talk: Pick<Talk, 'actor'>): Promise<Explanation> => {
  if (Date.parse(at) > Date.now() + DAY_MS) throw new Failure('NOTHING_TO_EXPLAIN', `${at} has not come yet.`)
  const file = await isFile(what)
  return inLedger(what, env, async (ledger) => {
    const then = await policyThen(ledger, at, checkable(env))
    if (!file) return seen(ledger, talk, await explainThen(ledger, await documentCalled(ledger, what), at, then, checkable(env)))
    const { policy, problems, files } = then.loaded
    const kept = { hash: then.kept.hash, from: 'ledger', since: then.kept.since } as const
    if (!policy) return { about: { file: what, feed: feed ?? '' }, policy: kept, unloadable: problems.map(printProblem) }
    return { ...(await explainFile({ file: what, policy, files, at: new Date(at), ...(feed ? { feed } : {}) })), policy: kept }
  })
}

/** Written down before it is shown, as the pages do. */
const seen = async (ledger: Ledger, talk: Pick<Talk, 'actor'>, explained: Explanation): Promise<Explanation> => {
  if ('document' in explained.about && explained.reasons) await ledger.looked([{ id: explained.about.document, revision: explained.about.revision }], { actor: `${talk.actor()} (command)`, what: 'story' }, new Date().toISOString())
  return explained
}

/** The end of today is still to come. */
const DAY_MS = 86_400_000

/** Without a ledger, what was asked for is a file or nothing. */
const inLedger = async <T>(what: string, env: Environment, work: (ledger: Ledger) => Promise<T>, policy?: Policy): Promise<T> => {
  try {
    return await withLedger(env, work, policy ? { policy } : {})
  } catch (error) {
    if (error instanceof Failure && error.code === 'LEDGER_MISSING' && !(await isFile(what))) throw new Failure('NOTHING_TO_EXPLAIN', `There is no file ${what}, and no ledger to look in: ${error.detail}`, { cause: error })
    throw error
  }
}
