// A process whose neighbour took another policy: it reads its own files, and takes them only where they say the same.
import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { holdPolicy, type InForce, type PolicyHolder } from '../../src/engine/in-force.ts'
import { followPolicy } from '../../src/engine/one-policy.ts'
import { Failure } from '../../src/errors.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import { testEnvironment } from '../support/policy.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'
import { until } from '../support/until.ts'

const CODES = 'mappings/document-codes.csv'
let own: PolicyFolder
let holder: PolicyHolder
let following: { close(): Promise<void> }
/** As the log of the ledger has it, newest first. */
let history: readonly { readonly hash: string; readonly since: string }[]
let away = false
let looks = 0
const asked: (string | undefined)[] = []
const said: string[] = []

const env = () => ({ ...testEnvironment, ...own.settings })
const load = async (): Promise<InForce> => {
  const { policy, proof, files } = await loadPolicy(env())
  return { policy: policy!, proof: proof!, files, since: '2026-11-22T08:00:00.000Z', keptIn: [] }
}
const others = (hash: string): void => { history = [{ hash, since: new Date().toISOString() }, ...history] }
const afterLooks = async (more: number): Promise<void> => { const most = looks + more; await until('it has looked', () => looks >= most || undefined) }

beforeEach(async () => {
  own = aPolicyFolder()
  const first = await load()
  history = [{ hash: first.policy.hash, since: first.since }]
  ;[away, looks] = [false, 0]
  asked.length = said.length = 0
  const ledger = { savePolicy: async ({ hash }: { hash: string }) => { if (history[0]!.hash !== hash) others(hash) }, lookAgain: async () => undefined }
  holder = holdPolicy({ first, env, ledger, parts: [], say: () => undefined, now: () => new Date(), onTaken: () => undefined })
  const policyHistory = async () => {
    looks += 1
    if (away) throw new Failure('STORE_UNAVAILABLE', 'It does not answer.')
    return history
  }
  following = followPolicy({ ledger: { policyHistory }, holder: { now: holder.now, reload: (only) => { asked.push(only); return holder.reload(only) } }, say: (event, { part }: { part?: string }) => { said.push(`${event} ${part}`) }, everyMs: 5 })
})
afterEach(async () => {
  await following.close()
  await holder.close()
  own.remove()
})

/** The hash of the files with this change, and the files as they were. */
const hashWith = async (to: string): Promise<string> => {
  own.change(CODES, 'Discharge letter,clinical', `${to},clinical`)
  const { policy: { hash } } = await load()
  own.restore()
  return hash
}

test('takes what its own files say, where that is what the other took', async () => {
  const taken = await hashWith('Letter at discharge')
  own.change(CODES, 'Discharge letter,clinical', 'Letter at discharge,clinical')
  await afterLooks(3)
  expect(asked).toEqual([])
  others(taken)
  await until('it is in force here', () => holder.now().policy.hash === taken || undefined)
  expect(asked).toEqual([taken])
})

test('takes nothing else, whatever lies there, and does not read on and on', async () => {
  const [before, taken] = [holder.now().policy.hash, await hashWith('Letter at discharge')]
  own.change(CODES, 'Discharge letter,clinical', 'Letter half written,clinical')
  others(taken)
  await until('it was asked for', () => asked.length > 0 || undefined)
  await afterLooks(5)
  expect([asked, holder.now().policy.hash, history[0]!.hash, holder.refused()]).toEqual([[taken], before, taken, undefined])
  // A person asks here: then it is what lies here that counts.
  expect(await holder.reload()).toBe('taken')
})

test('what is asked for without a name is taken, also where it waits behind something that names another', async () => {
  own.change(CODES, 'Discharge letter,clinical', 'Letter at discharge,clinical')
  const here = (await load()).policy.hash
  const [, ...rest] = [holder.reload('f'.repeat(64)), holder.reload('e'.repeat(64)), holder.reload()]
  expect(await Promise.all(rest)).toEqual(['taken', 'taken'])
  expect(holder.now().policy.hash).toBe(here)
})

test('a ledger that does not answer is told once, and looked at again', async () => {
  away = true
  await afterLooks(4)
  expect(said).toEqual(['part_failed policy'])
  away = false
  const taken = await hashWith('Letter at discharge')
  own.change(CODES, 'Discharge letter,clinical', 'Letter at discharge,clinical')
  others(taken)
  await until('it is in force here', () => holder.now().policy.hash === taken || undefined)
})

test('a part that goes wrong while it is made ready leaves no other waiting', async () => {
  const undone: string[] = []
  const fine = { change: async () => ({ ok: true as const, commit: async () => undefined, undo: async () => { undone.push('fine') } }) }
  const wrong = { change: async () => { throw new Error('no') } }
  const ledger = { savePolicy: async () => undefined, lookAgain: async () => undefined }
  const other = holdPolicy({ first: holder.now(), env, ledger, parts: [fine, wrong], say: () => undefined, now: () => new Date(), onTaken: () => undefined })
  own.change(CODES, 'Discharge letter,clinical', 'Letter at discharge,clinical')
  expect([await other.reload(), undone, other.now().policy.hash]).toEqual(['refused', ['fine'], holder.now().policy.hash])
  await other.close()
})
