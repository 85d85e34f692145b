// A 50 MB letter by each door, to the record, with the engine's memory bounded: it is never held whole.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { anEngineHome, peakMemoryMb, startSandboxProgram, type EngineHome, type RunningEngine } from '../support/child-engine.ts'
import { sha256, TOKEN } from '../support/engine.ts'
import { mdm } from '../support/hl7-messages.ts'
import { aPdf } from '../support/pdf.ts'
import { anUpload } from '../support/upload.ts'

const MB = 1024 * 1024
const SIZE = 50 * MB
const MOST_MEMORY_MB = 400

let sandbox: Awaited<ReturnType<typeof startSandboxProgram>>
let home: EngineHome
let engine: RunningEngine
beforeAll(async () => {
  sandbox = await startSandboxProgram()
  home = anEngineHome({ sandboxUrl: sandbox.url })
  engine = await home.start({ LOG_LEVEL: 'info' })
}, 90_000)
afterAll(async () => {
  await engine.kill('SIGTERM')
  await home.remove()
  await sandbox.stop()
}, 60_000)

const overJson = async (documentId: string, letter: Buffer): Promise<number> => {
  const response = await fetch(`${engine.url}/feeds/rio-http/documents`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify({ metadata: anUpload({ documentId }), content: { contentType: 'application/pdf', data: letter.toString('base64') } }),
  })
  await response.text()
  return response.status
}
const overMllp = async (documentId: string, letter: Buffer): Promise<string> =>
  (await engine.hl7(mdm({ 'TXA-12': documentId, 'MSH-10': `C-${documentId}`, 'OBX-5': `^AP^PDF^Base64^${letter.toString('base64')}` }))).code

describe('a letter of 50 MB', () => {
  test.each([
    ['by HTTP multipart', 'L-form', async (id: string, letter: Buffer) => (await engine.upload({ documentId: id }, letter)).status, 201],
    ['by HTTP JSON', 'L-json', overJson, 201],
    ['by MLLP', 'L-mllp', overMllp, 'AA'],
  ])('%s stands in the record, byte for byte', async (door, id, send, answer) => {
    const letter = aPdf({ mark: door, bytes: SIZE })
    expect(await send(id, letter)).toBe(answer)
    await engine.state(id, 'acknowledged')
    expect((await engine.record('9990000018')).filter((entry) => entry.sha256 === sha256(letter)).map(({ size }) => size)).toEqual([letter.length])
  }, 60_000)
})

const onLinux = process.platform === 'linux' ? describe : describe.skip
onLinux('after all three of them (read from /proc: Linux only)', () => {
  test('the engine has never had 400 MB', () => {
    expect(peakMemoryMb(engine.pid)).toBeGreaterThan(50)
    expect(peakMemoryMb(engine.pid)).toBeLessThan(MOST_MEMORY_MB)
  })
})
