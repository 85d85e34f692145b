// What an analyst waits for: check, channel tests, diff, replay, a reload, and how fast a folder is emptied. Each beside
// the least that such work can cost in the same run. It refuses to touch the policy of the project: a copy is changed.
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { open, rename } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { parse as parseCsv } from 'csv-parse/sync'
import { parse as parseYaml } from 'yaml'
import { checkable } from '../src/commands/environment.ts'
import { channelTests } from '../src/engine/channel-tests.ts'
import { plan } from '../src/plan.ts'
import { comparePolicies } from '../src/policy/diff/diff.ts'
import { readBelow } from '../src/policy/files.ts'
import { loadFiles } from '../src/policy/load.ts'
import { firstPrior } from '../src/policy/test/run.ts'
import { UNKNOWN_PERSON, type Receipt } from '../src/types.ts'
import { aPdf } from '../test/support/pdf.ts'
import { sampleReceipt } from '../test/support/receipts.ts'
import { makeEngine, type Engine } from './engine.ts'
import { sendAll } from './load.ts'
import { asControl } from './people.ts'
import { letters, readers } from './samples.ts'
import { atEnd } from './processes.ts'
import { bareEnvironment, NODE, ROOT, startSandbox } from './sandbox.ts'
import { quantile, rounded } from './table.ts'
import { messageOf } from './upload.ts'

type Row = readonly string[]
export const POLICY_HEAD: Row = ['what an analyst waits for', 'took', 'the least it can cost', 'ratio']

const TIMES = 15
const row = (what: string, took: number, least: number, what2: string): Row => [what, `${rounded(took, 1)} ms`, `${rounded(least, 1)} ms, ${what2}`, rounded(took / least, 1)]
const rates = (what: string, perSec: number, most: number, what2: string): Row => [what, `${rounded(perSec)}/s`, `${rounded(most)}/s, ${what2}`, rounded(most / perSec, 1)]

/** Milliseconds, median. */
const median = async (work: () => unknown): Promise<number> => {
  const took: number[] = []
  for (let time = 0; time < TIMES; time += 1) {
    const began = performance.now()
    await work()
    took.push(performance.now() - began)
  }
  return quantile(took, 0.5)!
}

/** What any program has to do with these files. */
const readBare = async (): Promise<void> => {
  for (const { name, bytes } of (await readBelow(ROOT)).files) {
    const text = new TextDecoder().decode(bytes)
    if (name.endsWith('.csv')) parseCsv(text)
    else parseYaml(text)
  }
}

const inProcess = async (): Promise<readonly Row[]> => {
  const env = checkable(bareEnvironment())
  const source = await readBelow(ROOT)
  const loaded = loadFiles(source, env)
  const changed = loadFiles({ ...source, files: source.files.map((file) => (file.name === 'sharing-rules.yaml' ? { ...file, bytes: Buffer.from(Buffer.from(file.bytes).toString().replace(/(name: external\n[^\n]*\n {4}route: )review/u, '$1withhold')) } : file)) }, env)
  const reading = await median(readBare)
  const receipts = loaded.policy ? Object.values(loaded.policy.feeds).reduce((sum, { tests }) => sum + tests.length, 0) : 0
  const one = sampleReceipt('01-share-registered.hl7')
  const planOf = (receipt: Receipt) => plan(receipt, loaded.policy!, UNKNOWN_PERSON, firstPrior(receipt))
  const planning = await median(() => { for (let time = 0; time < receipts; time += 1) planOf(one) })
  return [
    row('check: lint and proof, 12 files', await median(async () => loadFiles(await readBelow(ROOT), env)), reading, 'reading and parsing them'),
    row(`test: ${receipts} channel tests`, await median(() => channelTests(loaded, env)), planning, `${receipts} plans of one letter`),
    row('diff: one rule changed', await median(() => comparePolicies({ policy: loaded.policy!, files: loaded.files }, { policy: changed.policy!, files: changed.files })), await median(() => loadFiles(source, env)), 'one check'),
  ]
}

const run = promisify(execFile)
const command = async (engine: Engine, env: NodeJS.ProcessEnv, args: readonly string[]): Promise<number> => {
  const [node, ...flags] = NODE
  const began = performance.now()
  await run(node, [...flags, 'src/main.ts', ...args], { cwd: ROOT, env: { ...bareEnvironment(), ...env, DATA_DIR: engine.dataDir }, maxBuffer: 1 << 28 })
  return performance.now() - began
}

/** Pairs of a letter and its metadata, as a RiO extract would write them. */
const pairs = (count: number): readonly { readonly name: string; readonly metadata: string; readonly pdf: Buffer }[] =>
  Array.from({ length: count }, (_, index) => {
    const documentId = `F-${index}`
    const pdf = aPdf({ mark: documentId, bytes: 620 })
    const { bytes } = messageOf({ controlId: documentId, documentId, event: 'created', patient: readers[index % readers.length]!, share: true, code: 'CLIN', time: new Date() }, 'json')
    return { name: `letter-${index}`, metadata: JSON.stringify({ ...(JSON.parse(bytes.toString()) as { metadata: object }).metadata, file: `letter-${index}.pdf` }), pdf }
  })

/** One synced file under its hash and two renames for each: what cannot be saved. */
const bareFolder = async (folder: string, given: ReturnType<typeof pairs>): Promise<number> => {
  for (const where of ['in', 'out', 'content']) mkdirSync(join(folder, where), { recursive: true })
  for (const { name, metadata, pdf } of given) { writeFileSync(join(folder, 'in', `${name}.pdf`), pdf); writeFileSync(join(folder, 'in', `${name}.json`), metadata) }
  const began = performance.now()
  for (const { name } of given) {
    const bytes = readFileSync(join(folder, 'in', `${name}.pdf`))
    const file = await open(join(folder, 'content', createHash('sha256').update(bytes).digest('hex')), 'w')
    await file.writeFile(bytes)
    await file.sync()
    await file.close()
    for (const end of ['pdf', 'json']) await rename(join(folder, 'in', `${name}.${end}`), join(folder, 'out', `${name}.${end}`))
  }
  return given.length / ((performance.now() - began) / 1000)
}

const folderRate = async (engine: Engine, count: number): Promise<Row> => {
  const given = pairs(count)
  const most = await bareFolder(join(engine.folder, 'bare'), given)
  const inbox = join(engine.dataDir, 'rio-folder')
  for (const { name, metadata, pdf } of given) { writeFileSync(join(inbox, `${name}.pdf`), pdf); writeFileSync(join(inbox, `${name}.json`), metadata) }
  const done = (): number => readdirSync(join(inbox, 'done'), { recursive: true }).filter((name) => String(name).endsWith('.json')).length
  const seen: [at: number, done: number][] = []
  for (const end = performance.now() + 300_000; performance.now() < end && (seen.at(-1)?.[1] ?? 0) < count;) {
    await delay(50)
    try { seen.push([performance.now(), done()]) } catch { /* There is no done/ before the first. */ }
  }
  const first = seen.find(([, number]) => number > 0)!
  const last = seen.at(-1)!
  return rates(`folder: ${count} letters, once they have settled`, (last[1] - first[1]) / ((last[0] - first[0]) / 1000), most, 'one synced file and two renames each')
}

const withEngine = async (count: number): Promise<readonly Row[]> => {
  const sandbox = await startSandbox()
  const policy = mkdtempSync(join(tmpdir(), 'openletter-bench-policy-'))
  const forget = atEnd(() => rmSync(policy, { recursive: true, force: true }))
  for (const name of ['channels', 'mappings']) cpSync(join(ROOT, name), join(policy, name), { recursive: true })
  const env = { CHANNELS_DIR: join(policy, 'channels'), MAPPINGS_DIR: join(policy, 'mappings') }
  const ours = await makeEngine(sandbox.url, env)
  try {
    await sandbox.control(asControl(readers))
    await ours.start()
    const sent = letters('replay', count, '1.5 KB', 'mllp')
    await sendAll(ours.doors, sent.messages, 8)
    const one = sampleReceipt('01-share-registered.hl7')
    const { policy: loaded } = loadFiles(await readBelow(ROOT), checkable(bareEnvironment()))
    const began = performance.now()
    for (let time = 0; time < count; time += 1) plan(one, loaded!, UNKNOWN_PERSON, firstPrior(one))
    const most = count / ((performance.now() - began) / 1000)
    const whole = await command(ours, env, ['replay', '--since', '2020-01-01', '--json'])
    const none = await command(ours, env, ['replay', '--since', '2999-01-01', '--json'])
    const replayed = rates(`replay: ${count} documents, without its start`, count / ((whole - none) / 1000), most, 'plans of one letter, in memory')
    const file = join(env.MAPPINGS_DIR, 'document-codes.csv')
    const hash = async (): Promise<string> => ((await ours.get('/api/policy')) as { hash: string }).hash
    const before = await hash()
    writeFileSync(file, `${readFileSync(file, 'utf8')}NEWL,New letter,clinical,listed,,,Head of Clinical Records,2026-11-01\n`)
    const changedAt = performance.now()
    while ((await hash()) === before) await delay(10)
    const reloaded: Row = ['reload: from the change of a file to the new policy in force', `${rounded(performance.now() - changedAt)} ms`, '1000 ms of quiet that it waits for', rounded((performance.now() - changedAt) / 1000, 1)]
    return [replayed, reloaded, await folderRate(ours, Math.min(count, 500))]
  } finally {
    await ours.close()
    await sandbox.stop()
    forget()
    rmSync(policy, { recursive: true, force: true })
  }
}

export const policyRows = async (quick: boolean): Promise<readonly Row[]> => [...(await inProcess()), ...(await withEngine(quick ? 200 : 2_000))]
