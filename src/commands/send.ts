// `openletter send FILE…`: sends uploads to a running engine, an `.hl7` message over MLLP, a `.json` upload over HTTP, and prints
// what it answers. It refuses to change what it sends, except that the lines of an HL7 file become segments, as HL7 ends them.
import { readFile } from 'node:fs/promises'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Failure } from '../errors.ts'
import { sendMessage, type Answer } from '../intake/mllp/client.ts'
import { port, readSetting, type Environment } from '../settings.ts'
import { feedFor } from './send-feed.ts'

export const USAGE = `Usage: npx openletter send FILE… [--feed NAME] [--mllp HOST:PORT] [--http HOST:PORT]

  FILE.hl7    an HL7 v2 message, sent over MLLP (default: MLLP_HOST and MLLP_PORT)
  FILE.json   { "metadata": {…}, "content": { "contentType", "data" } }, or { "metadata": {…}, "file": "letter.pdf" }
              with that file beside it, sent over HTTP (default: HTTP_HOST and HTTP_PORT)

  --feed NAME  of the channel file, where several feeds take such files`

const TIMEOUT_MS = 60_000

type Doors = { readonly feed: string | undefined; readonly mllp: string | undefined; readonly http: string | undefined }

/** 0 if all were taken, 1 if one was not, 2 if it was called wrongly. */
export const send = async (args: readonly string[], env: Environment): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') {
    console.error(`${called}\n\n${USAGE}`)
    return 2
  }
  let exitCode = 0
  for (const file of called.files) {
    const isTaken = await sendOne(file, called.doors, env).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error
      console.error(`${file}: ${error.code === 'DESTINATION_UNSURE' ? 'perhaps taken' : 'not sent'}, ${error.code}\n  ${error.detail}\n  ${hintOf(error)}`)
      return false
    })
    if (!isTaken) exitCode = 1
  }
  return exitCode
}

/** A delivery is tried again by itself, and what somebody sends by hand is not. */
const hintOf = ({ code, hint }: Failure): string => {
  if (code === 'DESTINATION_UNAVAILABLE') return 'Nothing was sent.'
  return code === 'DESTINATION_UNSURE' ? 'It may have been taken. Send it again: a repeat changes nothing.' : hint
}

const calledWith = (args: readonly string[]): { readonly files: readonly string[]; readonly doors: Doors } | string => {
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { feed: { type: 'string' }, mllp: { type: 'string' }, http: { type: 'string' } } })
    const stranger = positionals.find((file) => !['.hl7', '.json'].includes(kindOf(file)))
    if (stranger !== undefined) return `${stranger} is neither an .hl7 nor a .json file.`
    return positionals.length === 0 ? 'Say which file to send.' : { files: positionals, doors: { feed: values.feed, mllp: values.mllp, http: values.http } }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const kindOf = (file: string): string => extname(file).toLowerCase()
const sendOne = (file: string, doors: Doors, env: Environment): Promise<boolean> => (kindOf(file) === '.hl7' ? overMllp(file, doors, env) : overHttp(file, doors, env))

const read = (file: string): Promise<Buffer> =>
  readFile(file).catch((cause: NodeJS.ErrnoException) => {
    throw new Failure('SETTING_INVALID', `${file} cannot be read (${cause.code}).`, { cause })
  })

type Door = { readonly host: string; readonly port: number }

const doorOf = (option: string | undefined, name: 'mllp' | 'http', env: Environment): Door => {
  const [hostSetting, portSetting] = name === 'mllp' ? (['MLLP_HOST', 'MLLP_PORT'] as const) : (['HTTP_HOST', 'HTTP_PORT'] as const)
  if (option !== undefined) {
    const [, host, digits] = /^(?:(.+):)?(\d{1,5})$/u.exec(option) ?? []
    if (digits === undefined || Number(digits) > 65_535) throw new Failure('SETTING_INVALID', `--${name} must be HOST:PORT or a port.`)
    return { host: host?.replace(/^\[(.*)\]$/u, '$1') ?? reachable(readSetting(hostSetting, env)), port: Number(digits) }
  }
  const number = port(portSetting, env)
  if (number === 0) throw new Failure('SETTING_INVALID', `${portSetting} is 0: say which port the engine took with --${name} HOST:PORT.`)
  return { host: reachable(readSetting(hostSetting, env)), port: number }
}

/** An engine that listens on all addresses is reached on this machine's own. */
const reachable = (host: string | undefined): string => (host === undefined || host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host)
const written = ({ host, port: number }: Door): string => `${host.includes(':') ? `[${host}]` : host}:${number}`
const nobodyListens = (door: string, setting: string, cause: unknown): Failure =>
  new Failure('DESTINATION_UNAVAILABLE', `Nothing answers at ${door}. Start the engine with npm start, or give its address (${setting}).`, { cause })

// ---------------------------------------------------------------- MLLP

const overMllp = async (file: string, doors: Doors, env: Environment): Promise<boolean> => {
  const text = (await read(file)).toString('latin1')
  const message = Buffer.from(text.replace(/\s+$/u, '').replaceAll(/\r?\n/gu, '\r') + '\r', 'latin1')
  // Without a name the settings say it all, also where no channels lie.
  const feed = doors.feed === undefined || doors.mllp !== undefined ? undefined : (await feedFor('mllp', doors.feed, env)).feed
  const door = feed && feed.port !== 0 ? { host: reachable(feed.host), port: feed.port } : doorOf(doors.mllp, 'mllp', env)
  const answer = await sendMessage(message, { ...door, timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
    throw error instanceof Failure && error.code === 'DESTINATION_UNAVAILABLE' ? nobodyListens(written(door), '--mllp or MLLP_PORT', error) : error
  })
  const isTaken = answer.code === 'AA' || answer.code === 'CA'
  const lines = [`${file}: ${ANSWERS[answer.code] ?? 'answered'} (${[answer.code, answer.text].filter(Boolean).join(', ')})`, ...problemLines(answer)]
  print(lines, isTaken)
  return isTaken
}

const ANSWERS: Readonly<Record<string, string>> = { AA: 'taken', CA: 'taken', AE: 'refused', CE: 'refused', AR: 'rejected', CR: 'rejected' }
const problemLines = ({ error }: Answer): readonly string[] => (error ? [error.code, error.detail, error.hint].filter(Boolean).map((line) => `  ${line}`) : [])

// ---------------------------------------------------------------- HTTP

type Upload = { readonly metadata: unknown; readonly content?: unknown; readonly file?: unknown }

const overHttp = async (file: string, doors: Doors, env: Environment): Promise<boolean> => {
  const text = (await read(file)).toString('utf8')
  const upload = uploadIn(file, text)
  const base = `http://${written(doorOf(doors.http, 'http', env))}`
  const form = typeof upload.file === 'string' ? await formOf(upload, join(dirname(file), upload.file)) : undefined
  const { name } = await feedFor('http', doors.feed, env)
  const response = await fetch(`${base}/feeds/${name}/documents`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${await token(env)}`, ...(form ? {} : { 'Content-Type': 'application/json' }) },
    body: form ?? text,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch((error: unknown) => {
    if (error instanceof Error && error.name === 'TimeoutError') throw new Failure('DESTINATION_UNSURE', `No answer came within ${TIMEOUT_MS} ms.`, { cause: error })
    throw nobodyListens(base, '--http or HTTP_PORT', error)
  })
  const answer = (await response.json().catch(() => ({}))) as Record<string, unknown>
  print([`${file}: ${response.ok ? (response.status === 201 ? 'taken' : 'came before, unchanged') : 'refused'} (${response.status})`, ...(response.ok ? acceptedLines(answer, base) : refusedLines(answer))], response.ok)
  return response.ok
}

const uploadIn = (file: string, text: string): Upload => {
  try {
    const upload: unknown = JSON.parse(text)
    if (typeof upload === 'object' && upload !== null && 'metadata' in upload) return upload
  } catch { /* said below */ }
  throw new Failure('METADATA_UNREADABLE', `${file} is not JSON with a metadata object in it.`)
}

const TYPES: Readonly<Record<string, string>> = {
  '.pdf': 'application/pdf', '.docx': 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', '.rtf': 'application/rtf', '.tif': 'image/tiff', '.tiff': 'image/tiff',
  '.jpg': 'image/jpeg', '.jpeg': 'image/jpeg', '.png': 'image/png', '.txt': 'text/plain', '.html': 'text/html',
}

const formOf = async (upload: Upload, path: string): Promise<FormData> => {
  const blob = new Blob([new Uint8Array(await read(path))], { type: TYPES[kindOf(path)] ?? 'application/octet-stream' })
  const form = new FormData()
  form.set('metadata', new Blob([JSON.stringify(upload.metadata)], { type: 'application/json' }))
  form.set('file', blob, basename(path))
  return form
}

const token = async (env: Environment): Promise<string> => {
  const given = env['RIO_HTTP_TOKEN']?.trim()
  if (given) return given
  const file = join(resolve(readSetting('DATA_DIR', env)!), 'rio-http.token')
  return readFile(file, 'utf8').then((text) => text.trim(), (cause: unknown) => {
    throw new Failure('TOKEN_MISSING', `RIO_HTTP_TOKEN is not set, and ${file} cannot be read: the engine makes it when it first starts.`, { cause })
  })
}

type Decided = { readonly route?: unknown; readonly wouldRoute?: unknown; readonly rule?: unknown; readonly because?: unknown }

const acceptedLines = ({ id, revision, state, decision }: Record<string, unknown>, base: string): readonly string[] => {
  const { route, wouldRoute, rule, because } = (decision ?? {}) as Decided
  return [
    `  id       ${String(id)}, revision ${String(revision)}`,
    `  state    ${String(state)}`,
    `  route    ${String(route)}${wouldRoute === undefined ? '' : ` (would be ${String(wouldRoute)})`}, by rule ${String(rule)}`,
    `  because  ${String(because)}`,
    `  page     ${base}/documents/${String(id)}`,
  ]
}
const refusedLines = ({ code, title, detail, hint }: Record<string, unknown>): readonly string[] =>
  [code, title, detail, hint].filter((line) => typeof line === 'string').map((line) => `  ${line}`)

const print = (lines: readonly string[], isTaken: boolean): void => {
  if (isTaken) console.log(lines.join('\n'))
  else console.error(lines.join('\n'))
}
