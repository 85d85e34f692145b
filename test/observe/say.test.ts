import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { EVENTS, type EventName } from '../../src/observe/events.ts'
import { readable, type Level } from '../../src/observe/log.ts'
import { watchLedger } from '../../src/observe/metrics.ts'
import { makeSay } from '../../src/observe/say.ts'

/** The sources as one text. */
const sources = (): string => {
  const root = fileURLToPath(new URL('../../src', import.meta.url))
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts')).map((file) => readFileSync(join(root, file), 'utf8')).join('\n')
}

const listen = (level: Level = 'debug') => {
  const lines: string[] = []
  const { say, metrics } = makeSay({ level, write: (line) => lines.push(line), now: () => new Date('2026-11-23T10:00:00Z') })
  return { say, metrics, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> }
}

describe('a log line', () => {
  test('is one line of JSON with time, level, event, sentence and the declared fields', () => {
    const { say, lines, last } = listen()
    say('circuit_opened', { destination: 'pkb', code: '503', until: '2026-11-23T10:01:00Z' })
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\{.*\}\n$/u)
    expect(last()).toEqual({
      time: '2026-11-23T10:00:00.000Z', level: 'warn', event: 'circuit_opened', says: EVENTS.circuit_opened.says,
      destination: 'pkb', code: '503', until: '2026-11-23T10:01:00Z',
    })
  })

  test('drops a field that the event does not declare', () => {
    const { say, lines } = listen()
    const smuggled = { feed: 'rio-http', document: 'd', title: 'Letter about Ada Example' } as { feed: string; document: string }
    say('receipt_repeated', smuggled)
    expect(lines[0]).not.toContain('Ada')
    expect(lines[0]).toContain('rio-http')
  })

  test('drops a declared field whose value is an object', () => {
    const { say, last } = listen()
    say('circuit_closed', { destination: { name: 'Ada Example' } as unknown as string })
    expect(last()).not.toHaveProperty('destination')
  })

  test('caps long text', () => {
    const { say, last } = listen()
    say('part_failed', { part: 'worker', code: 'INTERNAL', detail: 'x'.repeat(10_000) })
    expect(String(last()['detail']).length).toBeLessThanOrEqual(201)
  })

  test.each(['9990000018', '999 000 0018', '999-000-0018'])('never holds %s, even where a declared field does', async (number) => {
    const { say, metrics, lines } = listen()
    say('part_failed', { part: number, code: 'INTERNAL', detail: `patient ${number}` })
    expect(lines[0]).not.toContain(number)
    expect(await metrics.metrics()).not.toContain(number)
  })

  test('keeps ids, hashes, times and addresses whole', () => {
    const { say, last } = listen()
    const document = '0192f0c1-1234-7123-8123-123456789012'
    say('receipt_repeated', { feed: '10.0.0.1:2575', document })
    expect(last()).toMatchObject({ feed: '10.0.0.1:2575', document })
  })

  test('of normal operation is not written at the usual level', () => {
    const { say, lines } = listen('info')
    const usual: readonly EventName[] = ['receipt_stored', 'decided', 'attempt_started', 'attempt_ended', 'delivery_woken', 'account_checked', 'connection_opened']
    for (const event of usual) say(event, {})
    expect(lines).toEqual([])
  })

  test('goes to standard error without being told, and nothing goes to standard output', () => {
    const program = `import { makeSay } from '${new URL('../../src/observe/say.ts', import.meta.url)}'; makeSay({ level: 'info' }).say('circuit_closed', { destination: 'pkb' }); process.exit(0)`
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' })
    expect(run.stdout).toBe('')
    expect(JSON.parse(run.stderr)).toMatchObject({ event: 'circuit_closed', destination: 'pkb' })
  })

  test('at a terminal is short, and cannot move the cursor', () => {
    const { say, lines } = listen()
    say('circuit_opened', { destination: 'pkb', code: '\u001B[2J503' })
    expect(readable(lines[0] ?? '')).toBe('10:00:00 WARN a destination is left alone for a while (destination=pkb code= [2J503)\n')
  })
})

test('every event that is declared is said somewhere, so no metric stands still for ever', () => {
  const text = sources()
  const isSaid = (name: string): boolean => new RegExp(`\\bsay(?:\\?\\.)?\\([^;]{0,80}'${name}'`, 'u').test(text)
  expect(Object.keys(EVENTS).filter((name) => !isSaid(name))).toEqual([])
})

describe('metrics', () => {
  test('hold a counter for each event that declares one, fed by its fields', async () => {
    const { say, metrics } = listen('silent')
    say('attempt_ended', { destination: 'pkb', action: 'create', outcome: 'accepted', document: 'secret', delivery: 'x' })
    say('attempt_ended', { destination: 'pkb', action: 'create', outcome: 'accepted' })
    const text = await metrics.metrics()
    expect(text).toContain('openletter_attempts_total{destination="pkb",action="create",outcome="accepted"} 2')
    expect(text).not.toContain('secret')
    for (const event of Object.values(EVENTS)) if ('counter' in event) expect(text).toContain(`# TYPE ${event.counter.name} counter`)
  })

  test('add a count where an event carries one', async () => {
    const { say, metrics } = listen('silent')
    say('swept', { destination: 'print', count: 7 })
    expect(await metrics.metrics()).toContain('openletter_swept_total{destination="print"} 7')
  })

  test('ask the ledger at each scrape, and forget states that are gone', async () => {
    const { metrics } = listen('silent')
    let byState: Record<string, number> = { waiting: 3, failed: 1 }
    watchLedger(metrics, { counts: () => Promise.resolve({ byState, oldestOwedSecs: 12 }) })
    expect(await metrics.metrics()).toContain('openletter_documents{state="failed"} 1')
    byState = { waiting: 4 }
    const text = await metrics.metrics()
    expect(text).toContain('openletter_documents{state="waiting"} 4')
    expect(text).not.toContain('state="failed"')
    expect(text).toContain('openletter_oldest_owed_seconds 12')
    expect(text).toContain('openletter_ledger_up 1')
  })

  test('say so when the ledger does not answer', async () => {
    const { metrics } = listen('silent')
    watchLedger(metrics, { counts: () => Promise.reject(new Error('gone')) })
    expect(await metrics.metrics()).toContain('openletter_ledger_up 0')
  })
})
