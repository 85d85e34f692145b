import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { addresses } from '../../src/dashboard/dashboard.ts'
import { QUERY_PARAMETERS } from '../../src/dashboard/documents/filter.ts'
import { ERRORS } from '../../src/errors.ts'
import { makeSay } from '../../src/observe/say.ts'
import { DOCUMENT_STATES } from '../../src/types.ts'
import { aPolicyStatus, signedInAs, startDashboard } from '../support/dashboard.ts'
import { examplePolicy } from '../support/policy.ts'
import { aStory, aTellingLedger, uuid } from '../support/story.ts'

const docs = readFileSync(new URL('../../docs/api.md', import.meta.url), 'utf8')
const documented = [...docs.matchAll(/`(GET|POST|PUT|DELETE) (\/[^`\s]*)`/gu)].map(([, method, path]) => `${method} ${path}`)
const ledger = aTellingLedger([aStory()])

test('docs/api.md names every address that there is, and no other', async () => {
  const policy = await examplePolicy()
  const { say, metrics } = makeSay({ level: 'silent', write: () => {} })
  const real = addresses({
    ledger, say, metrics, visitors: signedInAs('admin'), policy: () => policy, policyStatus: () => aPolicyStatus(), wake: () => {}, banners: () => [], now: () => new Date(0), ready: () => Promise.resolve([]),
  }).map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/:(\w+)/gu, '{$1}')}`)
  expect(documented.toSorted()).toEqual(real.toSorted())
})

test('each of them is there over HTTP', async () => {
  const open = await startDashboard({ ledger })
  try {
    for (const [method, path] of documented.map((address) => address.split(' ') as [string, string])) {
      const answer = await open.api(path.replace('{id}', uuid(1)), { method, redirect: 'manual' })
      // A stream has no end.
      const streams = answer.headers.get('content-type')?.includes('event-stream') ?? false
      const text = streams ? '' : await answer.text()
      if (streams) await answer.body?.cancel()
      expect([path, answer.status]).not.toEqual([path, 405])
      // A page says the same of a document that is not there.
      if (path.startsWith('/api/') || !path.includes('{')) expect([path, text.includes('There is nothing at this address.')]).toEqual([path, false])
    }
  } finally {
    await open.close()
  }
})

test('docs/api.md names every parameter, state and no unknown error code', () => {
  for (const parameter of [...QUERY_PARAMETERS, 'nhsNumber', 'title']) expect(docs).toContain(`| \`${parameter}\` |`)
  for (const state of DOCUMENT_STATES) expect(/\| `state` \| ([^|]*)/u.exec(docs)?.[1]).toContain(state)
  const rows = [...docs.matchAll(/^\| (\d{3}) \| `([A-Z_]+)` \|/gmu)]
  expect(rows.length).toBeGreaterThan(5)
  for (const [, status, code = ''] of rows) expect([code, (ERRORS as Record<string, { status: number }>)[code]?.status]).toEqual([code, Number(status)])
})
