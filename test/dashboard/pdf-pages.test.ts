// Pages of PDFs as pictures: made apart from the engine, within limits, and not kept for long. The files are hostile.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { FLAGS, LIMITS, openPdfPages } from '../../src/dashboard/documents/pdf-pages.ts'
import { Failure } from '../../src/errors.ts'
import { until } from '../support/until.ts'

const file = (bytes: Buffer, more: { sha256?: string; read?: () => Promise<Readable> } = {}) => ({ sha256: 'a', size: bytes.length, read: () => Promise.resolve(Readable.from([bytes])), ...more })
const letter = await readFile(new URL('../../samples/letter.pdf', import.meta.url))

/** One page of this size with this content. */
const page = (box: string, content = ''): Buffer => Buffer.from(`%PDF-1.7
1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>\nendobj
2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj
3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [${box}] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>\nendobj
4 0 obj\n<< /Length ${content.length} >>\nstream\n${content}\nendstream\nendobj
5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>\nendobj
trailer\n<< /Root 1 0 R >>\n%%EOF\n`, 'latin1')

const pdf = (objects: readonly string[]): Buffer => Buffer.from(`%PDF-1.7\n${objects.map((text, at) => `${at + 1} 0 obj\n${text}\nendobj\n`).join('')}trailer\n<< /Root 1 0 R >>\n%%EOF\n`, 'latin1')
const drawing = (next: number, content: string): string =>
  `<< /Type /XObject /Subtype /Form /BBox [0 0 500 800] /Resources << /XObject << /X ${next} 0 R >> >> /Length ${content.length} >>\nstream\n${content}\nendstream`
const catalog = '<< /Type /Catalog /Pages 2 0 R >>'
const onePage = ['<< /Type /Pages /Kids [3 0 R] /Count 1 >>', '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>', '<< /Length 6 >>\nstream\n/X Do \nendstream']
/** Nobody lives to see its end. */
const laughs = pdf([catalog, ...onePage, ...Array.from({ length: 12 }, (_, at) => drawing(at + 6, '/X Do '.repeat(10))), drawing(5, '0 0 9 9 re f')])

describe('a page', () => {
  test('is a picture with its text, and the next look at it is quick', async () => {
    const pages = openPdfPages()
    let reads = 0
    const asked = file(letter, { read: () => { reads += 1; return Promise.resolve(Readable.from([letter])) } })
    const [one, again] = [await pages(asked, 1, 100), await pages(asked, 1, 100)]
    expect(one).toMatchObject({ ok: true, pages: 1, text: expect.stringContaining('This letter is synthetic.') })
    expect([again, reads]).toEqual([one, 1])
    const larger = await pages(asked, 1, 200)
    const width = (shown: typeof one): number => (shown.ok && shown.picture ? shown.picture.readUInt32BE(16) : 0)
    expect([width(one), width(larger)]).toEqual([900, 1800])
    expect(await pages(asked, 2, 100)).toEqual({ ok: false, why: 'no-such-page', pages: 1 })
  })

  test('is forgotten after a while', async () => {
    const pages = openPdfPages({ ...LIMITS, keptMs: 1 })
    let reads = 0
    const asked = file(letter, { read: () => { reads += 1; return Promise.resolve(Readable.from([letter])) } })
    await pages(asked, 1, 100)
    await pages(asked, 1, 100)
    expect(reads).toBe(2)
  })

  test('is kept beside others only as far as they are small', async () => {
    const pages = openPdfPages({ ...LIMITS, keptBytes: 1 })
    let reads = 0
    const asked = file(letter, { read: () => { reads += 1; return Promise.resolve(Readable.from([letter])) } })
    await pages(asked, 1, 100)
    await pages(asked, 1, 100)
    expect(reads).toBe(2)
  })

  test('is its text alone where the machine has nothing to draw with', async () => {
    const [home, child, watchdog] = ['../../node_modules', '../../src/dashboard/documents/pdf-child.ts', '../../src/dashboard/documents/pdf-watchdog.ts'].map((path) => fileURLToPath(new URL(path, import.meta.url))) as [string, string, string]
    // Without leave for addons the canvas cannot be loaded.
    const made = spawn(process.execPath, ['--permission', '--allow-worker', '--no-warnings', ...[home, child, watchdog].map((path) => `--allow-fs-read=${path}`), child, '1', '900', '4000000'], { env: {}, stdio: ['pipe', 'pipe', 'ignore'] })
    made.stdin.end(letter)
    const said = (await buffer(made.stdout)).toString('latin1')
    expect(JSON.parse(said)).toMatchObject({ pages: 1, drawn: false, text: expect.stringContaining('This letter is synthetic.') })
  })

  test('as large as a field has no more pixels than any', async () => {
    const shown = await openPdfPages()(file(page('0 0 14400 14400', 'BT /F1 400 Tf 10 10 Td (wide) Tj ET')), 1, 200)
    const picture = shown.ok ? shown.picture! : Buffer.alloc(24)
    expect(picture.readUInt32BE(16) * picture.readUInt32BE(20)).toBeLessThan(LIMITS.pixels * 1.01)
    expect(shown).toMatchObject({ ok: true, text: 'wide' })
  })
})

describe('a file', () => {
  test('that is broken, too large or not there says so', async () => {
    const pages = openPdfPages()
    expect(await pages(file(Buffer.from('%PDF-1.7\nnothing')), 1, 100)).toMatchObject({ ok: false, why: 'broken' })
    expect(await pages({ ...file(letter), size: LIMITS.bytes + 1 }, 1, 100)).toEqual({ ok: false, why: 'too-large' })
    await expect(pages(file(letter, { sha256: 'b', read: () => Promise.reject(new Failure('CONTENT_MISSING', 'x')) }), 1, 100)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
    const damaged = (): Readable => Readable.from((async function* () { yield letter.subarray(0, 99); throw new Failure('CONTENT_MISSING', 'damaged') })())
    await expect(pages(file(letter, { sha256: 'c', read: () => Promise.resolve(damaged()) }), 1, 100)).rejects.toMatchObject({ code: 'CONTENT_MISSING' })
  })

  test('that takes too long or too much memory is given up, and the engine goes on', async () => {
    const slow = file(page('0 0 595 842', 'BT /F1 12 Tf 10 10 Td (x) Tj ET\n'.repeat(200_000)))
    expect(await openPdfPages({ ...LIMITS, ms: 400 })(slow, 1, 100)).toEqual({ ok: false, why: 'too-much' })
    expect(await openPdfPages({ ...LIMITS, memoryMb: 60 })(slow, 1, 100)).toEqual({ ok: false, why: 'too-much' })
    expect(await openPdfPages()(file(letter), 1, 100)).toMatchObject({ ok: true })
  })

  test('that multiplies itself, goes round in a circle or has ten thousand pages does no harm', async () => {
    expect(await openPdfPages({ ...LIMITS, ms: 2000 })(file(laughs), 1, 100)).toEqual({ ok: false, why: 'too-much' })
    expect(await openPdfPages()(file(pdf([catalog, '<< /Type /Pages /Kids [2 0 R] /Count 1 >>'])), 1, 100)).toMatchObject({ ok: false, why: 'broken' })
    const many = pdf([catalog, `<< /Type /Pages /Kids [${Array.from({ length: 10_000 }, (_, at) => `${at + 3} 0 R`).join(' ')}] /Count 10000 >>`, ...Array.from({ length: 10_000 }, () => '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>')])
    expect(await openPdfPages()(file(many), 9_999, 100)).toMatchObject({ ok: true, pages: 10_000 })
  })

  test('waits its turn, and more than can wait are sent away', async () => {
    const pages = openPdfPages({ ...LIMITS, atOnce: 1, waiting: 1 })
    const all = await Promise.all(['x', 'y', 'z'].map((sha256) => pages(file(letter, { sha256 }), 1, 100)))
    expect(all.map((shown) => (shown.ok ? 'shown' : shown.why))).toEqual(['shown', 'shown', 'busy'])
  })
})

describe('the process of its own', () => {
  test('may read the reader, and nothing else; may write and start nothing, in a thread neither', async () => {
    const tries = `
      const tried = (what) => { try { what(); return 'done' } catch ({ code }) { return code } }
      const fs = require('node:fs')
      const all = () => [() => fs.readFileSync(${JSON.stringify(fileURLToPath(new URL('../../package.json', import.meta.url)))}), () => fs.readFileSync('/proc/self/environ'), () => fs.writeFileSync('/tmp/from-a-pdf', ''), () => require('node:child_process').spawnSync('true')].map(tried)`
    const script = `${tries}
      const { Worker } = require('node:worker_threads')
      new Worker(${JSON.stringify(`${tries}
require('node:worker_threads').parentPort.postMessage(all())`)}, { eval: true }).once('message', (thread) => console.log(JSON.stringify([all(), thread])))`
    const made = spawn(process.execPath, [...FLAGS, '--eval', script], { env: {}, stdio: ['ignore', 'pipe', 'ignore'] })
    const denied = Array.from({ length: 4 }, () => 'ERR_ACCESS_DENIED')
    expect(JSON.parse((await buffer(made.stdout)).toString())).toEqual([denied, denied])
  })

  test('reaches and opens no network, in a thread neither', async () => {
    let came = 0
    const server = createServer((socket) => { came += 1; socket.destroy() })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = server.address() as AddressInfo
    const tries = `
      const ended = async (what) => { try { await what(); return 'done' } catch ({ code, cause }) { return code ?? cause?.code ?? 'refused' } }
      const [net, http, dns, dgram] = ['net', 'http', 'dns', 'dgram'].map((name) => require('node:' + name))
      const all = () => Promise.all([
        () => net.connect(${port}, '127.0.0.1'), () => new net.Socket().connect(${port}, '127.0.0.1'), () => http.get('http://127.0.0.1:${port}/'), () => dns.lookup('a.example', () => {}), () => dns.promises.resolve4('a.example'),
        () => dgram.createSocket('udp4').send('x', 9), () => net.createServer().listen(0), () => process.binding('tcp_wrap')].map(ended))
      const fetched = () => ended(() => fetch('http://127.0.0.1:${port}/'))`
    const script = `${tries}
      const { Worker } = require('node:worker_threads')
      new Worker(${JSON.stringify(`${tries}
Promise.all([all(), fetched()]).then((said) => require('node:worker_threads').parentPort.postMessage(said))`)}, { eval: true }).once('message', async (thread) => console.log(JSON.stringify([await all(), await fetched(), ...thread])))`
    try {
      const made = spawn(process.execPath, [...FLAGS, '--eval', script], { env: {}, stdio: ['ignore', 'pipe', 'ignore'] })
      const [here, fetched, there, fetchedThere] = JSON.parse((await buffer(made.stdout)).toString()) as readonly unknown[]
      const denied = Array.from({ length: 8 }, () => 'ERR_ACCESS_DENIED')
      expect([here, there]).toEqual([denied, denied])
      expect([fetched, fetchedThere, came]).toEqual([expect.not.stringMatching('done'), expect.not.stringMatching('done'), 0])
    } finally {
      server.close()
    }
  })

  test('says no more than a page has, or is ended', async () => {
    expect(await openPdfPages({ ...LIMITS, outBytes: 100 })(file(letter), 1, 100)).toEqual({ ok: false, why: 'too-much' })
  })

  test('ends by itself when it has used up its time, whoever waits for it', async () => {
    expect(await openPdfPages({ ...LIMITS, cpuSeconds: 0 })(file(letter), 1, 100)).toEqual({ ok: false, why: 'too-much' })
    // More memory than it can fill in that while: nothing else ends it.
    const child = fileURLToPath(new URL('../../src/dashboard/documents/pdf-child.ts', import.meta.url))
    const made = spawn(process.execPath, [...FLAGS, '--max-old-space-size=8192', child, ...[1, 900, LIMITS.pixels, process.pid, 2].map(String)], { env: {}, stdio: ['pipe', 'ignore', 'ignore'] })
    const giveUp = setTimeout(() => made.kill('SIGTERM'), 20_000)
    made.stdin.end(laughs)
    const signal = await new Promise((resolve) => { made.once('exit', (_code, by) => { resolve(by) }) })
    clearTimeout(giveUp)
    expect(signal).toBe('SIGKILL')
  }, 30_000)

  test('ends by itself when the engine is killed in the middle of it', async () => {
    const script = `
      import { Readable } from 'node:stream'
      import { LIMITS, openPdfPages } from ${JSON.stringify(new URL('../../src/dashboard/documents/pdf-pages.ts', import.meta.url).href)}
      const bytes = Buffer.from(${JSON.stringify(laughs.toString('base64'))}, 'base64')
      await openPdfPages({ ...LIMITS, ms: 300_000, cpuSeconds: 300 })({ sha256: 'a', size: bytes.length, read: async () => Readable.from([bytes]) }, 1, 100)`
    const engine = spawn(process.execPath, ['--input-type=module', '--no-warnings', '--eval', script], { stdio: 'ignore' })
    let child = ''
    try {
      child = await until('its child', async () => (await readFile(`/proc/${engine.pid}/task/${engine.pid}/children`, 'utf8')).trim() || undefined)
      // Ticks of the processor: by then it has long begun to draw.
      await until('it draws', async () => Number((await readFile(`/proc/${child}/stat`, 'utf8')).split(') ')[1]!.split(' ')[11]) > 300 || undefined)
      engine.kill('SIGKILL')
      await until('its end', () => !existsSync(`/proc/${child}`) || undefined)
    } finally {
      engine.kill('SIGKILL')
      if (existsSync(`/proc/${child}`) && child !== '') process.kill(Number(child), 'SIGKILL')
    }
  }, 60_000)
})
