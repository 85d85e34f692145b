// `openletter replay --apply`: has chosen documents decided again for good, under the policy in force, each by itself
// and with a reason; whatever follows from it follows by the normal path. It refuses another policy, a reason that
// could name a patient, and to begin without a yes.
import { createInterface } from 'node:readline/promises'
import { userInfo } from 'node:os'
import { Failure } from '../errors.ts'
import type { Ledger, Redecided, ReplayAsked } from '../ledger/ledger.ts'
import type { Policy } from '../policy/policy.ts'
import type { Chosen } from './replay.ts'
import { movesOf, type Counter, type Looked } from './replay-tally.ts'
import { documents } from './replay-words.ts'

/** How a person is asked. */
export type Talk = { readonly asks: boolean; confirm(question: string): Promise<boolean>; actor(): string }

export const terminal: Talk = {
  asks: process.stdin.isTTY === true,
  confirm: async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stderr })
    try { return (await lines.question(question)).trim().toLowerCase() === 'yes' } finally { lines.close() }
  },
  actor: () => {
    try { return userInfo().username } catch { return `user ${process.getuid?.() ?? 'unknown'}` }
  },
}

const [SHORTEST, LONGEST] = [3, 500]

/** What is wrong with a reason; undefined: nothing. */
export const checkedReason = (reason: string | undefined): string | undefined => {
  const text = reason?.trim() ?? ''
  if (text.length < SHORTEST || text.length > LONGEST || /\p{Cc}/u.test(text)) return `--apply needs --reason with ${SHORTEST} to ${LONGEST} characters: it is kept in the story of each document.`
  return /(?:\d[\s-]*){10}/u.test(text) ? 'The reason holds ten digits in a row, as an NHS number has. Do not name the patient.' : undefined
}

const AT_ONCE = 20

const isMove = ({ kind, anyway }: Looked): boolean => (kind === 'elsewhere' || kind === 'observed') && !anyway

export const apply = async (
  ledger: Ledger, policy: Policy, inForce: boolean, { only }: ReplayAsked, { reason, from, to, yes }: Chosen, look: () => Promise<Counter>, talk: Talk,
): Promise<number> => {
  if (!inForce) throw new Failure('POLICY_NOT_IN_FORCE', `These channels and mappings are policy ${policy.hash.slice(0, 12)}, and the ledger says that another one is in force.`)
  if (!yes && !talk.asks) { console.error('There is no terminal to ask on. Look at the report without --apply first, then say --yes.'); return 2 }
  const changed = (await look()).changed()
  const chosen = changed.filter((one) => one.kind !== 'unreadable' && (only !== undefined || (isMove(one) && (from === undefined || (one.fromRoute === from && one.toRoute === to)))))
  const missing = await notThere(ledger, only)
  if (missing.length > 0) { console.error(`The ledger has no document ${missing.join(', ')}. Nothing was decided again.`); return 1 }
  if (chosen.length === 0) { console.log('Nothing was decided again: none of these documents would change.'); return 0 }
  for (const { from: before, to: after, directorate, fromRule, toRule, documents: those } of movesOf(chosen)) console.log(`${before} → ${after}  ${directorate}  ${fromRule} → ${toRule}  ${documents(those.length)}`)
  const recalls = chosen.filter((one) => one.recalls.length > 0).length
  if (recalls > 0) console.log(`RECALL: ${documents(recalls)} of these would be taken back.`)
  if (!yes && !(await talk.confirm(`Decide ${documents(chosen.length)} again? Type yes: `))) { console.log('Nothing was decided again.'); return 1 }
  console.log(inWords(await all(ledger, chosen, { actor: talk.actor(), reason, policy: policy.hash })))
  return 0
}

const notThere = async (ledger: Ledger, only: readonly string[] | undefined): Promise<readonly string[]> => {
  const found = await Promise.all((only ?? []).map(async (id) => ((await ledger.story(id)) ?? (await ledger.list({ sourceId: id, limit: 1 })).documents[0] ? [] : [id])))
  return found.flat()
}

type Done = { readonly one: Looked; readonly redecided: Redecided }

const all = async (ledger: Ledger, chosen: readonly Looked[], by: { readonly actor: string; readonly reason: string; readonly policy: string }): Promise<readonly Done[]> => {
  const done: Done[] = []
  for (let n = 0; n < chosen.length; n += AT_ONCE) {
    const at = new Date().toISOString()
    done.push(...(await Promise.all(chosen.slice(n, n + AT_ONCE).map(async (one): Promise<Done> => ({ one, redecided: await ledger.redecide(one.id, { ...by, at }) })))))
  }
  return done
}

const inWords = (done: readonly Done[]): string => {
  const of = (...kinds: readonly Redecided['kind'][]): number => done.filter(({ redecided }) => kinds.includes(redecided.kind)).length
  const ways = Map.groupBy(done.flatMap(({ redecided }) => (redecided.kind === 'moved' ? [`${redecided.from.route} → ${redecided.to.route}`] : [])), (way) => way)
  const unchanged = of('unchanged', 'unreadable', 'missing')
  return [
    `${documents(of('moved', 'same-way'))} decided again. Workers do the rest, as for any other decision, when an engine runs.`,
    ...[...ways].map(([way, those]) => `  ${way}: ${those.length}`),
    ...(of('same-way') > 0 ? [`  the same way, for another reason or with other labels: ${of('same-way')}`] : []),
    ...(unchanged > 0 ? [`${documents(unchanged)} changed meanwhile, and stayed as ${unchanged === 1 ? 'it is' : 'they are'}.`] : []),
  ].join('\n')
}
