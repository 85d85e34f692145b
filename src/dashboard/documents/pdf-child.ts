// One page of a PDF as a picture and as text, in a process of its own that may read the reader's files and nothing else:
// whatever the PDF does to its reader, it does it here. Bytes come by standard input; on standard output goes one line of
// JSON and then the picture. A watchdog ends it, should nobody else. It refuses scripts, forms of XML, fonts from elsewhere, and more pixels than it was given.
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'

type Viewport = { readonly width: number; readonly height: number }
type Made = { readonly canvas: { toBuffer(type: 'image/png'): Buffer } }
type Item = { readonly str?: string; readonly hasEOL?: boolean }
type Page = {
  getViewport(of: { readonly scale: number }): Viewport
  getTextContent(): Promise<{ readonly items: readonly Item[] }>
  render(of: { readonly canvas: Made['canvas']; readonly viewport: Viewport; readonly annotationMode: number }): { readonly promise: Promise<void> }
}
type Pdf = { readonly numPages: number; readonly canvasFactory: { create(width: number, height: number): Made }; getPage(page: number): Promise<Page> }
type Reader = { getDocument(of: object): { readonly promise: Promise<Pdf> } }

const [TEXT_MOST, IMAGE_PIXELS] = [200_000, 24_000_000]
const [page = 1, width = 900, pixels = 4_000_000, parent = process.ppid, seconds = 20] = process.argv.slice(2).map(Number)

/** Before the first byte is read; without it nothing is. */
const watched = (): Promise<void> => new Promise((resolve, reject) => {
  const dog = new Worker(new URL('pdf-watchdog.ts', import.meta.url), { workerData: { parent, seconds } })
  // From then on it keeps nobody alive.
  dog.once('message', () => { dog.unref(); resolve() }).once('error', reject)
})

const say = (head: object, picture: Buffer = Buffer.alloc(0)): void => {
  process.stdout.write(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), picture]))
}

/** By what pdf.js calls its errors: of a PDF's own words nothing is said. */
const whyNot = (error: unknown): string => {
  const name = error instanceof Error ? error.name : ''
  return name === 'PasswordException' ? 'encrypted' : 'broken'
}

const textOf = async (from: Page): Promise<string> => {
  const { items } = await from.getTextContent()
  return items.map(({ str = '', hasEOL }) => (hasEOL ? `${str}\n` : str)).join('').slice(0, TEXT_MOST)
}

const pictureOf = async (pdf: Pdf, from: Page): Promise<Buffer> => {
  const plain = from.getViewport({ scale: 1 })
  const scale = Math.min(width / plain.width, Math.sqrt(pixels / (plain.width * plain.height)))
  const viewport = from.getViewport({ scale })
  const { canvas } = pdf.canvasFactory.create(Math.max(1, Math.ceil(viewport.width)), Math.max(1, Math.ceil(viewport.height)))
  // Annotations as they look, without what they do.
  await from.render({ canvas, viewport, annotationMode: 1 }).promise
  return canvas.toBuffer('image/png')
}

const require = createRequire(import.meta.url)
const home = dirname(require.resolve('pdfjs-dist/package.json'))
const reader = join(home, 'legacy', 'build', 'pdf.mjs')
/** Absent where the machine has no build of it: then there is text, and no picture. */
const draws = (): boolean => { try { createRequire(reader)('@napi-rs/canvas'); return true } catch { return false } }

try {
  await watched()
  const data = new Uint8Array(await buffer(process.stdin))
  const { getDocument } = (await import(pathToFileURL(reader).href)) as Reader
  const of = (folder: string): string => `${join(home, folder)}/`
  const pdf = await getDocument({
    data, verbosity: 0, stopAtErrors: false, enableXfa: false, useSystemFonts: false, disableFontFace: true, useWorkerFetch: false, isOffscreenCanvasSupported: false, isImageDecoderSupported: false,
    maxImageSize: IMAGE_PIXELS, standardFontDataUrl: of('standard_fonts'), cMapUrl: of('cmaps'), cMapPacked: true, wasmUrl: of('wasm'), iccUrl: of('iccs'),
  }).promise
  if (!(page <= pdf.numPages)) say({ pages: pdf.numPages, why: 'no-such-page' })
  else {
    const shown = await pdf.getPage(page)
    const text = await textOf(shown)
    const drawn = draws() ? await pictureOf(pdf, shown).catch(() => undefined) : undefined
    say({ pages: pdf.numPages, text, drawn: drawn !== undefined }, drawn)
  }
} catch (error) {
  say({ why: whyNot(error) })
}
