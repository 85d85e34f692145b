// Holds what is there after a torture against what should be there: the ledger, every record in the sandbox, the print
// folder and the stored files. It refuses to take the engine's word for what left it.
import { createReadStream } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Engine, Row } from './engine.ts'
import type { Expected } from './model.ts'
import type { Patient } from './people.ts'
import type { SandboxChild } from './sandbox.ts'

/** Whose a file is, and whether any message about it said that the patient may have it. */
export type Files = ReadonlyMap<string, { readonly documentId: string; readonly mayBeShown: boolean }>

export type Verdict = {
  /** One line for each document: its id, and what is wrong. */
  readonly lost: readonly string[]
  readonly doubled: readonly string[]
  readonly wronglyShown: readonly string[]
  /** In another state or on another route than the messages say. */
  readonly astray: readonly string[]
  readonly inRecords: number
  readonly inPrint: number
  readonly inReview: number
  readonly withNobody: number
  readonly recalled: number
}

type Found = { readonly lost: string[]; readonly doubled: string[]; readonly wronglyShown: string[]; readonly astray: string[] }

export const verdict = async ({ engine, sandbox, patients, expected, files, acknowledgedFiles }: {
  readonly engine: Engine
  readonly sandbox: SandboxChild
  readonly patients: readonly Patient[]
  readonly expected: ReadonlyMap<string, Expected>
  readonly files: Files
  readonly acknowledgedFiles: ReadonlySet<string>
}): Promise<Verdict> => {
  const found: Found = { lost: [], doubled: [], wronglyShown: [], astray: [] }
  const nameOf = (sha256: string): string => files.get(sha256)?.documentId ?? `file ${sha256}`

  const rows = await engine.documents()
  checkLedger(rows, expected, found)
  const records = await Promise.all(patients.map(async (patient) => (await sandbox.record(patient.nhsNumber)).map(({ sha256 }) => ({ sha256, nhsNumber: patient.nhsNumber }))))
  checkPlace('record', records.flat(), expected, nameOf, found)
  const printed = await printedLetters(engine.printDir)
  checkPlace('post', printed, expected, nameOf, found)
  for (const sha256 of acknowledgedFiles) if (!(await isStored(engine.dataDir, sha256))) found.lost.push(`${nameOf(sha256)}: its file is not in the content store`)

  const countOf = (state: string): number => rows.filter((row) => row.state === state).length
  return {
    ...found, inRecords: records.flat().length, inPrint: printed.length, inReview: countOf('review'),
    withNobody: countOf('withheld') + countOf('recalled'), recalled: countOf('recalled'),
  }
}

const RIGHT = {
  record: { route: 'pkb', states: ['acknowledged'] },
  post: { route: 'print', states: ['printing'] },
  review: { route: 'review', states: ['review'] },
  nobody: { route: 'withhold', states: ['withheld', 'recalled'] },
} as const satisfies Record<Expected['at'], { readonly route: string; readonly states: readonly string[] }>

const checkLedger = (rows: readonly Row[], expected: ReadonlyMap<string, Expected>, found: Found): void => {
  const known = new Map<string, Row>()
  for (const row of rows) {
    if (known.has(row.sourceId)) found.doubled.push(`${row.sourceId}: stands twice in the ledger`)
    known.set(row.sourceId, row)
  }
  for (const [id, { at }] of expected) {
    const row = known.get(id)
    const right = RIGHT[at]
    if (!row) found.lost.push(`${id}: acknowledged, and not in the ledger`)
    else if (row.route !== right.route || !(right.states as readonly string[]).includes(row.state))
      found.astray.push(`${id} (${row.id}): is ${row.route}/${row.state} by rule ${row.rule}, should be ${right.route}/${right.states.join(' or ')}`)
  }
}

type Copy = { readonly sha256: string; readonly nhsNumber: string }

/** Each document that should be there stands there once, with its file; and nothing else does. */
const checkPlace = (at: 'record' | 'post', copies: readonly Copy[], expected: ReadonlyMap<string, Expected>, nameOf: (sha256: string) => string, found: Found): void => {
  const where = at === 'record' ? 'record' : 'print folder'
  const wanted = new Map([...expected].filter(([, document]) => document.at === at).map(([id, { sha256, patient }]) => [`${sha256} ${patient.nhsNumber}`, id]))
  const there = new Map<string, number>()
  for (const { sha256, nhsNumber } of copies) {
    const key = `${sha256} ${nhsNumber}`
    const times = (there.get(key) ?? 0) + 1
    there.set(key, times)
    if (!wanted.has(key)) found.wronglyShown.push(`${nameOf(sha256)}: is in the ${where}, where it should not be`)
    else if (times === 2) found.doubled.push(`${nameOf(sha256)}: stands more than once in the ${where}`)
  }
  for (const [key, id] of wanted) if (!there.has(key)) found.lost.push(`${id}: is not in the ${where}`)
}

/** What the print house would print: the file's own bytes count, and the manifest has to agree with them. */
const printedLetters = async (printDir: string): Promise<readonly Copy[]> => {
  const outbox = join(printDir, 'outbox')
  const batches = (await readdir(outbox).catch(() => [])).filter((name) => !name.startsWith('.'))
  return Promise.all(batches.map(async (batch): Promise<Copy> => {
    const manifest = JSON.parse(await readFile(join(outbox, batch, 'manifest.json'), 'utf8')) as { items: readonly [{ file: string; sha256: string; nhsNumber: string }] }
    const [{ file, sha256, nhsNumber }] = manifest.items
    const real = await hashOf(join(outbox, batch, file))
    return { sha256: real === sha256 ? real : `${real ?? 'missing'} instead of ${sha256}`, nhsNumber }
  }))
}

const isStored = async (dataDir: string, sha256: string): Promise<boolean> => (await hashOf(join(dataDir, 'content', sha256.slice(0, 2), sha256))) === sha256

const hashOf = async (path: string): Promise<string | undefined> => {
  const hash = createHash('sha256')
  return pipeline(createReadStream(path), hash).then(() => hash.digest('hex'), () => undefined)
}
