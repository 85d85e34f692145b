import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import { Hl7Message } from '@medplum/core'
import { Hl7Client, ReturnAckCategory } from '@medplum/hl7'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { connectMllp, sendMessage } from '../../../src/intake/mllp/client.ts'
import { framed } from '../../../src/intake/mllp/frame.ts'
import { anAccepted } from '../../support/http-feed.ts'
import { aMdm } from '../../support/mdm.ts'
import { mllpStand, removeMllpStore, type MllpStand, type MllpStandOptions } from '../../support/mllp-feed.ts'

const tlsFile = (name: string): string => fileURLToPath(new URL(`../../fixtures/tls/${name}`, import.meta.url))
const pem = (name: string): Buffer => readFileSync(tlsFile(name))
const TLS = { key_file: tlsFile('feed.key'), cert_file: tlsFile('feed.crt') }

let stand: MllpStand | undefined
let fake: Server | undefined
const start = async (options: MllpStandOptions = {}): Promise<{ readonly host: string; readonly port: number; readonly timeoutMs: number }> => {
  stand = await mllpStand(options)
  return { host: '127.0.0.1', port: stand.port, timeoutMs: 5000 }
}
afterEach(async () => {
  await stand?.close()
  fake?.close()
  stand = fake = undefined
})
afterAll(removeMllpStore)

const message = (options: Parameters<typeof aMdm>[0] = {}): Buffer => Buffer.from(aMdm(options))

describe('the sender', () => {
  test('gets the answer to its message', async () => {
    const to = await start()
    expect(await sendMessage(message({ controlId: 'C-1' }), to)).toMatchObject({ code: 'AA', controlId: 'C-1', text: '' })
    expect(await sendMessage(message({ type: 'ADT' }), to)).toMatchObject({
      code: 'AR', text: 'The message type is not one that this feed takes', error: { code: 'HL7_TYPE_UNSUPPORTED', detail: 'MSH-9.1 is not MDM.' },
    })
    expect(await sendMessage(Buffer.from('PID|1'), to)).toMatchObject({ code: 'AR', controlId: '', error: { code: 'MESSAGE_UNREADABLE' } })
  })
  test('keeps many messages apart on one connection', async () => {
    const sender = await connectMllp(await start())
    const ids = Array.from({ length: 30 }, (_, n) => `M${n}`)
    const answers = await Promise.all(ids.map((controlId) => sender.send(message({ controlId }))))
    expect(answers.map(({ code, controlId }) => `${code} ${controlId}`)).toEqual(ids.map((id) => `AA ${id}`))
    await sender.close()
    await expect(sender.send(message())).rejects.toMatchObject({ code: 'DESTINATION_UNAVAILABLE' })
  })
  test('knows when nobody listens', async () => {
    const to = await start()
    await stand!.close()
    await expect(sendMessage(message(), to)).rejects.toMatchObject({ code: 'DESTINATION_UNAVAILABLE', detail: expect.stringContaining('ECONNREFUSED') })
  })
  test('is unsure when no answer comes in time, and when the connection ends without one', async () => {
    const to = await start({ take: async () => { await new Promise((resolve) => { setTimeout(resolve, 300) }); return anAccepted() } })
    await expect(sendMessage(message(), { ...to, timeoutMs: 50 })).rejects.toMatchObject({ code: 'DESTINATION_UNSURE' })
    fake = createServer((socket) => { socket.once('data', () => socket.destroy()) }).listen(0, '127.0.0.1')
    await once(fake, 'listening')
    const { port } = fake.address() as { port: number }
    await expect(sendMessage(message(), { ...to, port })).rejects.toMatchObject({ code: 'DESTINATION_UNSURE' })
  })
  test('does not take the answer to another message for its own', async () => {
    fake = createServer((socket) => { socket.once('data', () => socket.write(framed(Buffer.from('MSH|^~\\&|\rMSA|AA|OTHER\r')))) }).listen(0, '127.0.0.1')
    await once(fake, 'listening')
    const { port } = fake.address() as { port: number }
    await expect(sendMessage(message(), { host: '127.0.0.1', port, timeoutMs: 100 })).rejects.toMatchObject({ code: 'DESTINATION_UNSURE' })
  })
})

describe('a Medplum client as the peer', () => {
  const talk = async (messages: readonly string[]): Promise<readonly string[]> => {
    const { host, port } = await start()
    const client = new Hl7Client({ host, port, encoding: 'utf-8' })
    const answers: string[] = []
    try {
      for (const text of messages) {
        const answer = await client.sendAndWait(Hl7Message.parse(text) as unknown as Parameters<typeof client.sendAndWait>[0], { returnAck: ReturnAckCategory.FIRST })
        answers.push([1, 2].map((field) => answer.getSegment('MSA')!.getField(field)!.toString()).join(' '))
      }
    } finally {
      await client.close()
    }
    return answers
  }
  test('is understood and answered in original mode', async () => {
    expect(await talk([aMdm({ controlId: 'A' }), aMdm({ controlId: 'B', type: 'ADT' }), aMdm({ controlId: 'C', file: Buffer.alloc(1_000_000, 'x') })])).toEqual(['AA A', 'AR B', 'AA C'])
    expect(stand!.taken.map(({ contents }) => contents[0]!.size)).toEqual([24, 1_000_000])
  })
  test('is understood and answered in enhanced mode', async () => {
    expect(await talk([aMdm({ controlId: 'A', accept: 'AL', application: 'NE' }), aMdm({ controlId: 'B', accept: 'AL', processingId: 'D' }), aMdm({ controlId: 'C', application: 'AL' })])).toEqual(['CA A', 'CR B', 'AA C'])
  })
})

describe('over TLS', () => {
  const ca = pem('authority.crt')
  const sender = { key: pem('sender.key'), cert: pem('sender.crt') }

  test('a message is taken, and one without TLS is not', async () => {
    const to = await start({ feed: { tls: TLS } })
    expect(await sendMessage(message(), { ...to, tls: { ca } })).toMatchObject({ code: 'AA' })
    await expect(sendMessage(message(), { ...to, timeoutMs: 2000 })).rejects.toMatchObject({ code: 'DESTINATION_UNSURE' })
    expect(stand!.taken).toHaveLength(1)
    expect(stand!.said.some((line) => line.includes('"why":"TLS: '))).toBe(true)
  })
  test('the sender checks who it talks to', async () => {
    const to = await start({ feed: { tls: TLS } })
    await expect(sendMessage(message(), { ...to, tls: {} })).rejects.toMatchObject({ code: 'DESTINATION_UNAVAILABLE' })
  })
  test('with client certificates, only senders that the authority knows get in', async () => {
    const to = await start({ feed: { tls: { ...TLS, client_ca_file: tlsFile('authority.crt') } } })
    expect(await sendMessage(message(), { ...to, tls: { ca, ...sender } })).toMatchObject({ code: 'AA' })
    await expect(sendMessage(message(), { ...to, tls: { ca } })).rejects.toThrow(/DESTINATION_/u)
    await expect(sendMessage(message(), { ...to, tls: { ca, key: pem('stranger.key'), cert: pem('stranger.crt') } })).rejects.toThrow(/DESTINATION_/u)
    expect(stand!.taken).toHaveLength(1)
  })
  test('a file that is not there keeps the feed from starting', async () => {
    await expect(start({ feed: { tls: { ...TLS, key_file: '/nowhere/feed.key' } } })).rejects.toMatchObject({ code: 'SETTING_INVALID', detail: expect.stringContaining('tls.key_file') })
    for (const odd of ['/dev/zero', '/dev']) await expect(start({ feed: { tls: { ...TLS, cert_file: odd } } })).rejects.toMatchObject({ code: 'SETTING_INVALID', detail: expect.stringContaining(`tls.cert_file ${odd} cannot be read (it is no plain file)`) })
  })
})
