// What fails against the sandbox, by the real worker, as the groups of failed deliveries tell it.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anEngine, type TestEngine } from '../support/engine.ts'
import { until } from '../support/until.ts'

const CREATE = { path: '/fhir/DocumentReference', method: 'POST' }
type Group = { readonly key: string; readonly cause: string; readonly signature: string; readonly documents: number; readonly person: number; readonly again: number; readonly nextAt?: string }

let engine: TestEngine
beforeAll(async () => { engine = await anEngine() }, 60_000)
afterAll(() => engine.stop())

const groups = async (): Promise<readonly Group[]> => ((await (await engine.api('/api/failures')).json()) as { readonly groups: readonly Group[] }).groups

describe('the groups of failed deliveries', () => {
  test('hold a letter that PKB refuses and one that it was too busy for, until both have arrived', async () => {
    await engine.control({ faults: [{ ...CREATE, times: 1, status: 422 }] })
    await engine.upload({ documentId: 'G-1' })
    await engine.state('G-1', 'failed')
    const [refused, ...none] = await groups()
    expect([refused, none]).toMatchObject([{ cause: 'refused', documents: 1, person: 1, again: 0, signature: expect.stringMatching(/^422/u) }, []])
    const listed = (await (await engine.api(`/api/failures/${refused!.key}`)).json()) as { readonly deliveries: readonly { readonly id: string; readonly document: { readonly sourceId: string } }[] }
    expect(listed.deliveries.map(({ document }) => document.sourceId)).toEqual(['G-1'])

    await engine.control({ faults: [{ ...CREATE, times: 1, status: 429, retryAfter: 2 }] })
    await engine.upload({ documentId: 'G-2' })
    const busy = await until('it waits because PKB was too busy', async () => (await groups()).find(({ cause }) => cause === 'rate-limit'))
    expect(busy).toMatchObject({ signature: expect.stringMatching(/^429/u), documents: 1, person: 0, again: 1, nextAt: expect.any(String) })
    await engine.state('G-2', 'acknowledged')

    const retry = (body: object) => engine.api(`/api/deliveries/${listed.deliveries[0]!.id}/retry`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    expect((await retry({})).status).toBe(400)
    expect((await retry({ reason: 'the mapping was mended' })).status).toBe(202)
    await engine.state('G-1', 'acknowledged')
    expect(await groups()).toEqual([])
  }, 60_000)
})
