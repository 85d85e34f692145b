// What whoever watches from outside is told of each part.
import { expect, test } from '@jest/globals'
import { readiness, type ReadinessParts } from '../../src/engine/readiness.ts'
import { Failure } from '../../src/errors.ts'

const counts = { waiting: 0, delayed: 0, active: 0 }
const ready = (parts: Partial<ReadinessParts>) =>
  readiness({ ledger: { ping: async () => undefined }, wake: { counts: async () => counts }, parts: ['worker'], down: () => [], ...parts }, 20)()

test('everything works', async () => {
  expect(await ready({})).toEqual([{ part: 'postgresql', ok: true }, { part: 'queue', ok: true }, { part: 'worker', ok: true }])
})

test('a server that is frozen is told as one that does not answer, soon, and so is the queue on it', async () => {
  const frozen = () => new Promise<never>(() => undefined)
  const began = performance.now()
  expect(await ready({ ledger: { ping: frozen }, wake: { counts: frozen } })).toMatchObject([
    { part: 'postgresql', ok: false, detail: 'It does not answer.' }, { part: 'queue', ok: false, detail: 'It does not answer.' }, { part: 'worker', ok: true },
  ])
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('what answers and takes no writes is not ready', async () => {
  const readOnly = async () => { throw new Failure('STORE_UNAVAILABLE', 'read-only') }
  expect(await ready({ ledger: { ping: readOnly } })).toMatchObject([{ part: 'postgresql', ok: false, detail: 'It answers and takes no writes.' }, { ok: true }, { ok: true }])
})
