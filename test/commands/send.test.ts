import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { send } from '../../src/commands/send.ts'
import { makeFolder } from '../support/folder.ts'
import { httpStand, TOKEN, type Stand } from '../support/http-feed.ts'
import { aMdm } from '../support/mdm.ts'
import { mllpStand, removeMllpStore, type MllpStand } from '../support/mllp-feed.ts'
import { aPdf } from '../support/pdf.ts'

const METADATA = { documentId: 'RIO-1', documentType: 'MH share with patient', name: 'CLIN letter.pdf', patient: { nhsNumber: '9990000018' } }
let folder: ReturnType<typeof makeFolder>
let mllp: MllpStand
let http: Stand
let printed: string[]
const write = (name: string, content: string | Buffer): string => {
  const file = join(folder.path, name)
  writeFileSync(file, content)
  return file
}
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ MLLP_PORT: String(mllp.port), HTTP_PORT: String(http.port), RIO_HTTP_TOKEN: TOKEN, DATA_DIR: join(folder.path, 'data'), ...more })

beforeEach(async () => {
  folder = makeFolder()
  mllp = await mllpStand()
  http = await httpStand(folder.path)
  printed = []
  for (const stream of ['log', 'error'] as const) jest.spyOn(console, stream).mockImplementation((text: unknown) => { printed.push(String(text)) })
})
afterEach(async () => {
  jest.restoreAllMocks()
  await mllp.close()
  await http.close()
  folder.remove()
})
afterAll(removeMllpStore)

describe('openletter send', () => {
  test('sends an HL7 file over MLLP, its lines as segments, and says that it was taken', async () => {
    expect(await send([write('share.hl7', aMdm({ lineEnd: '\n' }))], env())).toBe(0)
    expect(mllp.taken[0]!.skeleton).toMatch(/^MSH[^\r\n]*\rEVN[^\r\n]*\rPID/u)
    expect(printed.join('\n')).toContain('share.hl7: taken (AA)')
  })
  test('says why a message was not taken', async () => {
    expect(await send([write('bad.hl7', aMdm({ type: 'ADT' }))], env())).toBe(1)
    expect(printed.join('\n')).toMatch(/bad\.hl7: rejected \(AR, The message type[\s\S]*HL7_TYPE_UNSUPPORTED[\s\S]*Send MDM messages/u)
  })
  test('sends an upload with its content in it as JSON', async () => {
    const file = aPdf()
    const upload = { metadata: METADATA, content: { contentType: 'application/pdf', data: file.toString('base64') } }
    expect(await send([write('share.json', JSON.stringify(upload))], env())).toBe(0)
    expect(http.taken[0]).toMatchObject({ declaredType: 'application/pdf', contents: [{ size: file.length }] })
    expect(JSON.parse(http.taken[0]!.skeleton)).toEqual(METADATA)
    const text = printed.join('\n')
    expect(text).toContain('share.json: taken (201)')
    expect(text).toContain('id       d-1, revision 1')
    expect(text).toContain('route    pkb, by rule share')
    expect(text).toContain('because  It was uploaded to be shared.')
    expect(text).toContain(`page     http://127.0.0.1:${http.port}/documents/d-1`)
  })
  test('sends an upload with a file beside it as a form', async () => {
    const file = aPdf()
    write('letter.pdf', file)
    expect(await send([write('share.json', JSON.stringify({ metadata: METADATA, file: 'letter.pdf' }))], env())).toBe(0)
    expect(http.taken[0]).toMatchObject({ fileName: 'letter.pdf', declaredType: 'application/pdf', contents: [{ size: file.length }] })
  })
  test('uses the token that the engine keeps', async () => {
    mkdirSync(join(folder.path, 'data'))
    writeFileSync(join(folder.path, 'data', 'rio-http.token'), `${TOKEN}\n`)
    const file = write('share.json', JSON.stringify({ metadata: METADATA }))
    expect(await send([file], env({ RIO_HTTP_TOKEN: '' }))).toBe(0)
    expect(await send([file], env({ RIO_HTTP_TOKEN: 'another' }))).toBe(1)
    expect(printed.at(-1)).toMatch(/share\.json: refused \(401\)[\s\S]*TOKEN_MISSING/u)
    expect(await send([file], env({ RIO_HTTP_TOKEN: '', DATA_DIR: join(folder.path, 'nowhere') }))).toBe(1)
    expect(printed.at(-1)).toContain('nowhere')
  })
  describe('with other channels', () => {
    const channels = (files: Readonly<Record<string, string>>): NodeJS.ProcessEnv => {
      const dir = join(folder.path, 'channels')
      mkdirSync(dir)
      for (const [name, of] of Object.entries(files)) writeFileSync(join(dir, `${name}.yaml`), readFileSync(new URL(`../../channels/${of}.yaml`, import.meta.url), 'utf8').replaceAll('${MLLP_PORT}', String(mllp.port)))
      return { CHANNELS_DIR: dir }
    }
    const json = () => write('share.json', JSON.stringify({ metadata: METADATA }))

    test('it finds the feed by its channel file', async () => {
      await http.close()
      http = await httpStand(folder.path, { name: 'ward' })
      expect(await send([json()], env(channels({ ward: 'rio-http' })))).toBe(0)
      expect(http.taken).toHaveLength(1)
    })
    test('of several it wants the name, and does not choose', async () => {
      const two = env(channels({ 'rio-http': 'rio-http', ward: 'rio-http', mllp: 'rio-mllp' }))
      expect(await send([json()], two)).toBe(1)
      expect(printed.at(-1)).toContain('There are several feeds for .json files: rio-http, ward. Say which with --feed NAME.')
      expect(http.taken).toEqual([])
      expect(await send([json(), '--feed', 'rio-http'], two)).toBe(0)
      expect(await send([json(), '--feed', 'mllp'], two)).toBe(1)
      expect(printed.at(-1)).toContain('mllp is no feed for .json files here. There is: rio-http, ward.')
    })
    test('a feed that is named says by itself where it listens', async () => {
      expect(await send([write('share.hl7', aMdm()), '--feed', 'mllp'], env({ ...channels({ mllp: 'rio-mllp' }), MLLP_PORT: '1' }))).toBe(0)
      expect(mllp.taken).toHaveLength(1)
    })
    test('where no channels lie it says so', async () => {
      expect(await send([json()], env({ CHANNELS_DIR: join(folder.path, 'nowhere') }))).toBe(1)
      expect(printed.at(-1)).toContain('set CHANNELS_DIR')
    })
  })
  test('sends several, by the addresses given, and fails if one of them does', async () => {
    const files = [write('bad.hl7', aMdm({ type: 'ADT' })), write('share.hl7', aMdm()), write('share.json', JSON.stringify({ metadata: METADATA }))]
    const addresses = ['--mllp', `127.0.0.1:${mllp.port}`, '--http', `localhost:${http.port}`]
    expect(await send([...files, ...addresses], env({ MLLP_PORT: '1', HTTP_PORT: '0' }))).toBe(1)
    expect([mllp.taken.length, http.taken.length]).toEqual([1, 1])
  })
  test('says when nothing listens, and where it looked', async () => {
    const [hl7, json] = [write('share.hl7', aMdm()), write('share.json', JSON.stringify({ metadata: METADATA }))]
    expect(await send([hl7, json], env({ MLLP_PORT: '1', HTTP_PORT: '1' }))).toBe(1)
    expect(printed[0]).toContain('Nothing answers at 127.0.0.1:1.')
    expect(printed[1]).toContain('Nothing answers at http://127.0.0.1:1.')
    // What somebody sends by hand nobody else sends again.
    expect(printed.join('\n')).not.toContain('by itself')
    expect(printed.join('\n')).toContain('Nothing was sent.')
    expect(await send([hl7], env({ MLLP_PORT: '0' }))).toBe(1)
    expect(printed.at(-1)).toContain('--mllp HOST:PORT')
  })
  test.each([[[]], [['letter.pdf']], [['x.hl7', '--what']]])('called with %j says how to call it', async (args) => {
    expect(await send(args, env())).toBe(2)
    expect(printed.at(-1)).toContain('Usage: npx openletter send')
  })
  test('says which file cannot be read', async () => {
    expect(await send([join(folder.path, 'none.hl7')], env())).toBe(1)
    expect(await send([write('x.json', '[]')], env())).toBe(1)
    expect(await send([write('y.json', JSON.stringify({ metadata: METADATA, file: 'none.pdf' }))], env())).toBe(1)
    expect(printed.map((text) => /none\.hl7 cannot be read|not JSON with a metadata|none\.pdf cannot be read/u.test(text))).toEqual([true, true, true])
  })
})
