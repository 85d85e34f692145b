import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as fc from '../../support/fast-check.ts'
import { Failure } from '../../../src/errors.ts'
import { framed } from '../../../src/intake/mllp/frame.ts'
import { aMdm } from '../../support/mdm.ts'
import { anAccepted } from '../../support/http-feed.ts'
import { mllpStand, removeMllpStore, verdictOf, wireTo, type MllpStand, type MllpStandOptions, type Wire } from '../../support/mllp-feed.ts'

let stand: MllpStand
let wires: Wire[] = []
const start = async (options: MllpStandOptions = {}): Promise<Wire> => {
  stand = await mllpStand(options)
  return dial()
}
const dial = async (): Promise<Wire> => {
  const wire = await wireTo(stand.port)
  wires.push(wire)
  return wire
}
afterEach(async () => {
  for (const { socket } of wires) socket.destroy()
  wires = []
  await stand.close()
})
const memoryHeld = (): number => {
  (runInNewContext('gc') as () => void)()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
/** A door that stays shut until it is opened. */
const gate = (): { readonly opened: Promise<void>; open(): void } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}
afterAll(removeMllpStore)

const until = async (isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await new Promise((resolve) => { setTimeout(resolve, 5) })
}
const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')
const ask = async (wire: Wire, text: string | Buffer): Promise<string> => {
  await wire.message(text)
  return wire.answer()
}

describe('a message', () => {
  test('is taken with its file in the content store, and then acknowledged', async () => {
    const file = Buffer.from('%PDF-1.7 the letter %%EOF')
    const wire = await start()
    expect(verdictOf(await ask(wire, aMdm({ file })))).toBe('AA MSG0001')
    const [receipt] = stand.taken
    expect(receipt).toMatchObject({ feed: 'rio-mllp', format: 'hl7-mdm', receivedAt: '2026-11-20T11:02:11.123Z' })
    expect(receipt!.skeleton).toContain('|RIO^AP^PDF^Base64^{content:0}|')
    expect(receipt!.contents).toMatchObject([{ sha256: sha256(file), size: file.length }])
    expect(await stand.bytesOf(receipt!.contents[0]!.sha256)).toEqual(file)
    expect(stand.rejected).toEqual([])
  })

  test('is not acknowledged before it is durable', async () => {
    const store = gate()
    const wire = await start({ take: async () => { await store.opened; return anAccepted() } })
    await wire.message(aMdm())
    const answer = wire.answer()
    await until(() => stand.taken.length === 1)
    expect(await Promise.race([answer, new Promise((resolve) => { setTimeout(resolve, 50, 'nothing yet') })])).toBe('nothing yet')
    store.open()
    expect(verdictOf(await answer)).toBe('AA MSG0001')
  })

  test.each([
    ['in LF', '\n'], ['in CRLF', '\r\n'],
  ])('may end its segments %s', async (_how, lineEnd) => {
    const wire = await start()
    expect(verdictOf(await ask(wire, aMdm({ lineEnd })))).toBe('AA MSG0001')
    expect(stand.taken[0]!.contents).toHaveLength(1)
  })

  test('with base64 in lines, or with escaped line ends, has the same file', async () => {
    const file = Buffer.from('%PDF-1.7 '.repeat(40))
    const base64 = file.toString('base64')
    const wire = await start()
    for (const lines of ['\r\n', '\r', '\\.br\\', '\\X0D\\\\X0A\\', '\\X0D0A\\']) {
      await ask(wire, aMdm({ obx: [`OBX|1|ED|||^AP^PDF^BASE64^${base64.replaceAll(/.{76}/gu, `$&${lines}`)}||||||F`] }))
    }
    expect(stand.taken.map(({ contents }) => [contents[0]!.sha256, contents[0]!.broken])).toEqual(Array.from({ length: 5 }, () => [sha256(file), undefined]))
  })

  test('with a file that cannot be decoded is taken, and says so', async () => {
    const wire = await start()
    await ask(wire, aMdm({ obx: ['OBX|1|ED|||^AP^PDF^Base64^SGVs*bG8=||||||F'] }))
    await ask(wire, aMdm({ obx: ['OBX|1|ED|||^AP^PDF^^SGVsbG8=||||||F', 'OBX|2|ED|||^AP^PDF^UUE^SGVsbG8=||||||F', 'OBX|3|ED|||^TX^^A^hello||||||F', 'OBX|4|ED|||^TX^^Hex^68656C6C6F||||||F'] }))
    expect(stand.taken[0]!.contents[0]!.broken).toContain('a character that is not base64')
    expect(stand.taken[1]!.contents.map(({ broken }) => broken)).toEqual([
      'OBX-5.4 does not say how the file is encoded', 'OBX-5.4 names an encoding that is not A, Hex or Base64', undefined, undefined,
    ])
    expect(stand.taken[1]!.contents.slice(2).map((ref) => ref.sha256)).toEqual(Array(2).fill(sha256(Buffer.from('hello'))))
  })

  test('in windows-1252 or UTF-8 has its letters', async () => {
    const wire = await start()
    await wire.message(Buffer.from(aMdm({ family: 'Zo\xeb', charset: '8859/1' }), 'latin1'))
    await wire.message(aMdm({ family: 'Zoë', charset: 'UNICODE UTF-8' }))
    expect([verdictOf(await wire.answer()), verdictOf(await wire.answer())]).toEqual(['AA MSG0001', 'AA MSG0001'])
    expect(stand.taken.map(({ skeleton }) => skeleton.includes('|Zoë^Ada|'))).toEqual([true, true])
  })

  test('without a file is taken', async () => {
    const wire = await start()
    expect(verdictOf(await ask(wire, aMdm({ event: 'T03', obx: [] })))).toBe('AA MSG0001')
    expect(stand.taken[0]!.contents).toEqual([])
  })
})

describe('what cannot be taken is refused, kept and told', () => {
  test.each([
    ['another type', aMdm({ type: 'ADT', event: 'A01' }), 'AR MSG0001', 'HL7_TYPE_UNSUPPORTED'],
    ['another event', aMdm({ event: 'T12' }), 'AR MSG0001', 'EVENT_UNKNOWN'],
    ['another version', aMdm({ version: '3' }), 'AR MSG0001', 'HL7_VERSION_UNSUPPORTED'],
    ['a test message', aMdm({ processingId: 'T' }), 'AR MSG0001', 'HL7_PROCESSING_ID'],
    ['a test message in enhanced mode', aMdm({ processingId: 'T', accept: 'AL' }), 'CR MSG0001', 'HL7_PROCESSING_ID'],
    ['a NUL', aMdm({ family: 'Ex\0ample' }), 'AE MSG0001', 'NUL_IN_MESSAGE'],
    ['an unknown character set', aMdm({ charset: 'UNICODE UTF-16' }), 'AE MSG0001', 'HL7_CHARSET'],
    ['no header', 'PID|1||C123', 'AR', 'MESSAGE_UNREADABLE'],
    ['nothing', '', 'AR', 'MESSAGE_UNREADABLE'],
    ['UTF-16', Buffer.from(aMdm(), 'utf16le'), 'AE', 'HL7_CHARSET'],
  ])('%s', async (_what, message, verdict, code) => {
    const wire = await start()
    const answer = await ask(wire, message)
    expect(verdictOf(answer)).toBe(verdict)
    expect(answer).toContain(`|${code}^`)
    expect(answer).not.toMatch(/Example|Ada|9990000018|Clinic letter/u)
    expect(stand.rejected).toMatchObject([{ feed: 'rio-mllp', code, at: '2026-11-20T11:02:11.123Z' }])
    expect(stand.rejected[0]!.skeleton).not.toContain('\0')
    expect(stand.taken).toEqual([])
    expect(await stand.files()).toEqual([])
    expect(verdictOf(await ask(wire, aMdm({ controlId: 'NEXT' })))).toBe('AA NEXT')
  })

  test('a test message on a test system is taken', async () => {
    const wire = await start({ feed: { test_system: true } })
    expect(verdictOf(await ask(wire, aMdm({ processingId: 'T' })))).toBe('AA MSG0001')
  })

  test('a frame over the limit, with the good one behind it', async () => {
    const wire = await start({ feed: { max_message_mb: 0.01 } })
    await wire.write(Buffer.concat([framed(Buffer.from(aMdm({ file: Buffer.alloc(20_000) }))), framed(Buffer.from(aMdm({ controlId: 'NEXT' })))]))
    const answer = await wire.answer()
    expect(verdictOf(answer)).toBe('AR MSG0001')
    expect(answer).toContain('FRAME_TOO_LARGE')
    expect(verdictOf(await wire.answer())).toBe('AA NEXT')
    expect(stand.rejected).toMatchObject([{ code: 'FRAME_TOO_LARGE' }])
    expect(stand.rejected[0]!.skeleton).toContain('{content:0}')
    expect(await stand.files()).toHaveLength(1)
  })

  test('a message of a megabyte and more without its files; what is kept of it is short', async () => {
    const wire = await start()
    expect(await ask(wire, aMdm({ obx: [`OBX|1|TX|||${'x'.repeat(1_100_000)}`] }))).toContain('FRAME_TOO_LARGE')
    expect(stand.rejected[0]!.skeleton).toHaveLength(64 * 1024)
    expect(verdictOf(await ask(wire, aMdm()))).toBe('AA MSG0001')
  })

  test('more files than any document has', async () => {
    const wire = await start()
    expect(await ask(wire, aMdm({ obx: Array.from({ length: 101 }, (_, n) => `OBX|${n}|ED|||^^^A^${n}|`) }))).toContain('MESSAGE_UNREADABLE')
  })

  test('a frame that another one cuts short', async () => {
    const wire = await start()
    await wire.write(`\x0b${aMdm({ controlId: 'CUT' })}`)
    await wire.message(aMdm({ controlId: 'NEXT' }))
    const answer = await wire.answer()
    expect([verdictOf(answer), verdictOf(await wire.answer())]).toEqual(['AR CUT', 'AA NEXT'])
    expect(answer).toContain('FRAME_BROKEN')
    expect(stand.taken).toHaveLength(1)
  })

  test('bytes outside of a frame are reported and skipped', async () => {
    const wire = await start()
    await wire.write('GET / HTTP/1.1\r\nHost: openletter\r\n\r\n')
    expect(verdictOf(await ask(wire, aMdm()))).toBe('AA MSG0001')
    expect(stand.rejected).toMatchObject([{ code: 'FRAME_BROKEN', detail: '36 bytes came outside of a frame.' }])
  })

  test('what the ledger refuses is an error of the sender, told with its code and place', async () => {
    const wire = await start({ take: async () => ({ kind: 'refused', code: 'DOCUMENT_ID_MISSING', detail: 'TXA-12.1 is empty.' }) })
    const answer = await ask(wire, aMdm())
    expect(verdictOf(answer)).toBe('AE MSG0001')
    expect(answer).toContain('ERR||TXA^1^12^1^1|101^Required field missing^HL70357|E|DOCUMENT_ID_MISSING^')
  })

  test('a control id that came before with another document is a warning', async () => {
    const wire = await start({ take: async () => anAccepted({ controlIdShared: true }) })
    const answer = await ask(wire, aMdm())
    expect(verdictOf(answer)).toBe('AA MSG0001')
    expect(answer).toMatch(/\rERR\|.*\|W\|/u)
  })
})

describe('when the store fails', () => {
  test('the sender is told to try again, in either mode', async () => {
    const wire = await start({ take: async () => { throw new Failure('STORE_UNAVAILABLE', 'The ledger is gone.') } })
    const answer = await ask(wire, aMdm())
    expect(verdictOf(answer)).toBe('AR MSG0001')
    expect(answer).toContain('|207^Application error^HL70357|E|STORE_UNAVAILABLE^')
    expect(verdictOf(await ask(wire, aMdm({ accept: 'AL' })))).toBe('CE MSG0001')
    expect(stand.said.filter((line) => line.startsWith('part_failed'))).toHaveLength(2)
  })
  test('an unforeseen error says nothing of itself', async () => {
    const wire = await start({ take: async () => { throw new TypeError('Ada Example 9990000018') } })
    expect(await ask(wire, aMdm())).not.toContain('Ada')
    expect(stand.said.join()).not.toContain('Ada')
  })
  test('under a file, the rest of the message is skipped and the next one is taken', async () => {
    let isFull = true
    const wire = await start({
      content: (real) => ({ ...real, writer: (limit) => ({ ...real.writer(limit), ...(isFull ? { write: () => { throw Object.assign(new Error('disk'), { code: 'ENOSPC' }) } } : {}) }) }),
    })
    const answer = await ask(wire, aMdm())
    expect(verdictOf(answer)).toBe('AR MSG0001')
    expect(answer).toContain('ENOSPC')
    isFull = false
    expect(verdictOf(await ask(wire, aMdm()))).toBe('AA MSG0001')
    expect(stand.taken).toHaveLength(1)
  })
  test('and a refused message cannot be kept, the sender is to send it again', async () => {
    const wire = await start({ reject: async () => { throw new Failure('STORE_UNAVAILABLE', '') } })
    const answer = await ask(wire, aMdm({ picklist: 'x', charset: 'KOI8-R' }))
    expect(verdictOf(answer)).toBe('AR MSG0001')
    expect(answer).toContain('|207^')
  })
})

describe('a connection', () => {
  test('gives answers in the order of the messages, however fast they come', async () => {
    let turn = 0
    const wire = await start({ take: async () => { await new Promise((resolve) => { setTimeout(resolve, turn++ % 2 === 0 ? 10 : 0) }); return anAccepted() } })
    const ids = Array.from({ length: 20 }, (_, n) => `M${n}`)
    await wire.write(Buffer.concat(ids.map((controlId) => framed(Buffer.from(aMdm({ controlId }))))))
    const answers: string[] = []
    for (const id of ids) answers.push(id && verdictOf(await wire.answer()))
    expect(answers).toEqual(ids.map((id) => `AA ${id}`))
  })

  test('may be closed by the sender after its message: the answer still comes', async () => {
    const wire = await start()
    wire.socket.end(framed(Buffer.from(aMdm())))
    expect((await wire.closed()).map(verdictOf)).toEqual(['AA MSG0001'])
  })

  test('that ends within a message leaves nothing but a report', async () => {
    const wire = await start()
    const bytes = framed(Buffer.from(aMdm({ file: Buffer.alloc(200_000, 'x') })))
    wire.socket.end(bytes.subarray(0, 150_000))
    expect((await wire.closed()).map(verdictOf)).toEqual(['AR MSG0001'])
    expect(stand.taken).toEqual([])
    expect(await stand.files()).toEqual([])
    expect(stand.rejected).toMatchObject([{ code: 'FRAME_BROKEN' }])
  })

  test('that breaks within a message leaves nothing but a report', async () => {
    const wire = await start()
    await wire.write(framed(Buffer.from(aMdm({ file: Buffer.alloc(200_000, 'x') }))).subarray(0, 150_000))
    await until(() => stand.said.some((line) => line.startsWith('connection_opened')))
    wire.socket.resetAndDestroy()
    await until(() => stand.said.some((line) => line.startsWith('connection_closed')))
    expect(stand.rejected).toMatchObject([{ code: 'FRAME_BROKEN' }])
    expect(await stand.files()).toEqual([])
  })

  test('without a word for long enough is closed', async () => {
    const wire = await start({ feed: { idle_timeout_secs: 0.1 } })
    await wire.write('\x0bMSH|^~')
    expect(await wire.closed()).toEqual([])
    await until(() => stand.said.some((line) => line.includes('"why":"idle"')))
  })

  test('is not idle while the store is slow', async () => {
    const wire = await start({ feed: { idle_timeout_secs: 0.05 }, take: async () => { await new Promise((resolve) => { setTimeout(resolve, 300) }); return anAccepted() } })
    expect(verdictOf(await ask(wire, aMdm()))).toBe('AA MSG0001')
  })

  test('is read no further while the store is slow', async () => {
    const disk = gate()
    let written = 0
    const wire = await start({
      feed: { max_message_mb: 64 },
      content: (real) => ({
        ...real,
        writer: (limit) => {
          const writer = real.writer(limit)
          return { ...writer, write: async (chunk) => { written += chunk.length; await disk.opened; await writer.write(chunk) } }
        },
      }),
    })
    const file = Buffer.alloc(24_000_000, 'x')
    wire.socket.write(framed(Buffer.from(aMdm({ file }))))
    await until(() => written > 0)
    // What the two kernels and our own stream hold is far less than the message; the rest stays with the sender.
    const before = wire.socket.writableLength
    await new Promise((resolve) => { setTimeout(resolve, 200) })
    expect(written).toBeLessThan(200_000)
    expect(before).toBeGreaterThan(10_000_000)
    disk.open()
    expect(verdictOf(await wire.answer())).toBe('AA MSG0001')
    expect(stand.taken[0]!.contents[0]!.sha256).toBe(sha256(file))
  })

  test('serves others while one is slow', async () => {
    const wire = await start()
    await wire.write('\x0bMSH|^~')
    expect(verdictOf(await ask(await dial(), aMdm({ controlId: 'OTHER' })))).toBe('AA OTHER')
  })
})

describe('messages are the same however their bytes arrive', () => {
  test('a frame in a thousand chunks', async () => {
    const wire = await start()
    const bytes = framed(Buffer.from(aMdm({ file: Buffer.alloc(3000, 'letter ') })))
    for (let at = 0; at < bytes.length; at += 5) {
      await wire.write(bytes.subarray(at, at + 5))
      if (at % 100 === 0) await new Promise((resolve) => { setImmediate(resolve) })
    }
    expect(verdictOf(await wire.answer())).toBe('AA MSG0001')
    expect(stand.taken[0]!.contents[0]!.sha256).toBe(sha256(Buffer.alloc(3000, 'letter ')))
  })

  test('any chunks, over a socket', async () => {
    const wire = await start()
    await fc.assert(fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 4 }), async (sizes, count) => {
      const from = stand.taken.length
      const bytes = Buffer.concat(Array.from({ length: count }, (_, n) => framed(Buffer.from(aMdm({ controlId: `M${n}`, file: `file ${n}` })))))
      for (let at = 0, turn = 0; at < bytes.length; turn++) {
        const size = sizes[turn % sizes.length]!
        await wire.write(bytes.subarray(at, at + size))
        await new Promise((resolve) => { setImmediate(resolve) })
        at += size
      }
      for (let n = 0; n < count; n++) expect(verdictOf(await wire.answer())).toBe(`AA M${n}`)
      expect(stand.taken.slice(from).map(({ contents }) => contents[0]!.sha256)).toEqual(Array.from({ length: count }, (_, n) => sha256(Buffer.from(`file ${n}`))))
    }), { numRuns: 30 })
  })

  test('a file of 20 MB passes with flat memory', async () => {
    const wire = await start({ feed: { max_message_mb: 40 } })
    const head = Buffer.from(`\x0b${aMdm({ obx: ['OBX|1|ED|||^AP^PDF^Base64^'] }).trimEnd()}`)
    const lump = Buffer.from(Buffer.alloc(3 * 16_384, '%PDF').toString('base64'))
    setFlagsFromString('--expose-gc')
    await wire.write(head)
    const before = memoryHeld()
    let most = 0
    for (let sent = 0; sent < 20 * 1024 * 1024; sent += 3 * 16_384) {
      await wire.write(lump)
      await new Promise((resolve) => { setImmediate(resolve) })
      if (sent % (3 * 16_384 * 40) === 0) most = Math.max(most, memoryHeld() - before)
    }
    await wire.write('||||||F\r\x1c\r')
    expect(verdictOf(await wire.answer())).toBe('AA MSG0001')
    expect(stand.taken[0]!.contents[0]!.size).toBeGreaterThanOrEqual(20 * 1024 * 1024)
    // Less than the file: it is never held whole. How much less depends on when the collector runs.
    expect(most).toBeLessThan(16 * 1024 * 1024)
  })
})

describe('the feed', () => {
  test('names the address that is taken', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as { port: number }
    await start()
    await expect(mllpStand({ feed: { port } })).rejects.toMatchObject({ code: 'PORT_TAKEN', detail: expect.stringContaining(`127.0.0.1:${port}`) })
    other.close()
  })

  test('finishes and answers the message in hand when it closes, takes no one new, and lets idle senders go', async () => {
    const store = gate()
    const wire = await start({ take: async () => { await store.opened; return anAccepted() } })
    const idle = await dial()
    await wire.write(Buffer.concat([framed(Buffer.from(aMdm())), framed(Buffer.from(aMdm({ controlId: 'LATER' })))]))
    await until(() => stand.taken.length === 1)
    const closing = stand.close()
    expect(await idle.closed()).toEqual([])
    store.open()
    expect((await wire.closed()).map(verdictOf)).toEqual(['AA MSG0001'])
    await closing
    expect(stand.taken).toHaveLength(1)
    await expect(wireTo(stand.port)).rejects.toThrow('ECONNREFUSED')
  })
})
