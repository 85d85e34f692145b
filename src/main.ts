// Picks a command and hands it the arguments and the environment. It refuses anything else: what a command does is
// in the file of its name in `commands/`.
import { pathToFileURL } from 'node:url'
import { ERRORS, Failure } from './errors.ts'

type Run = (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>
type Loaded = { readonly usage: string; readonly run: Run }
type Command = { readonly form: string; readonly says: string; readonly load: () => Promise<Loaded> }

/** Read when it is called, so that `--help` and the small commands need not wait for the whole engine. */
const from = <Name extends string>(name: Name, read: () => Promise<{ readonly USAGE: string } & Readonly<Record<Name, Run>>>) => async (): Promise<Loaded> => {
  const command = await read()
  return { run: command[name], usage: command.USAGE }
}

const COMMANDS: Record<string, Command> = {
  serve: { form: 'serve [feeds|worker|dashboard]', says: 'run the engine, or one part of it', load: from('serve', () => import('./commands/serve.ts')) },
  send: { form: 'send FILE…', says: 'send uploads to a running engine: .hl7 over MLLP, .json over HTTP', load: from('send', () => import('./commands/send.ts')) },
  explain: { form: 'explain FILE|DOCUMENT', says: 'show the whole plan, rule by rule; --as-of TIME as it was then', load: from('explain', () => import('./commands/explain.ts')) },
  check: { form: 'check [DIR]', says: 'lint channels and mappings, and prove the safety floor', load: from('check', () => import('./commands/check.ts')) },
  test: { form: 'test [DIR] [--json]', says: 'run the tests in the channel files, and say what they do not reach', load: from('test', () => import('./commands/test.ts')) },
  schema: { form: 'schema [--check]', says: 'write what editors and pages say of channels and mappings', load: from('schema', () => import('./commands/schema.ts')) },
  diff: { form: 'diff OLD [NEW]', says: 'say what a changed policy would do: folders, git revisions, or in-force', load: from('diff', () => import('./commands/diff.ts')) },
  replay: { form: 'replay --since DATE [--with DIR]', says: 'decide what is in the ledger again under another policy, and say what would change', load: from('replay', () => import('./commands/replay.ts')) },
  observing: { form: 'observing [--since DATE]', says: 'say what would have become of documents that are only observed', load: from('observing', () => import('./commands/observing.ts')) },
  stop: { form: 'stop --all|--service X… --reason Y', says: 'halt deliveries to patients; stop list, stop lift ID', load: from('stop', () => import('./commands/stop.ts')) },
  failed: { form: 'failed list [--group KEY]', says: 'list deliveries in trouble by cause, or those of one group', load: from('failed', () => import('./commands/failed.ts')) },
  retry: { form: 'retry plan|start|pause|go-on|cancel', says: 'try many deliveries again: a plan, then a run', load: from('retry', () => import('./commands/retry.ts')) },
  staff: { form: 'staff list|invite|reset NAME', says: 'say who may sign in, and help whoever is locked out', load: from('staff', () => import('./commands/staff.ts')) },
  channels: { form: 'channels [pause|stop|start NAME]', says: 'list channels; pause, stop and start them', load: from('channels', () => import('./commands/channels.ts')) },
  recall: { form: 'recall DOCUMENT --reason Y', says: 'take a document back from the patient; --lift lets it go again', load: from('recall', () => import('./commands/recall.ts')) },
  pkb: { form: 'pkb doctor [--json]', says: 'ask PKB step by step whether addresses and credentials are right', load: from('pkb', () => import('./commands/pkb.ts')) },
  audit: { form: 'audit verify [--json]', says: 'check that the log of events was not changed', load: from('audit', () => import('./commands/audit.ts')) },
  sandbox: { form: 'sandbox [--keep DIR] [--strict]', says: 'run the PKB sandbox by itself; it forgets all at its end, unless kept', load: from('sandbox', () => import('./commands/sandbox.ts')) },
}

const WIDEST = Math.max(...Object.values(COMMANDS).map(({ form }) => form.length))

const usage = (): string => ['Usage: npx openletter COMMAND', '', ...Object.values(COMMANDS).map(({ form, says }) => `  ${form.padEnd(WIDEST)}  ${says}`), '', 'Settings come from the environment: see docs/operations.md.'].join('\n')

export const run = async (argv: readonly string[]): Promise<void> => {
  const [name = '', ...args] = argv
  if (['help', '--help', '-h'].includes(name)) { console.log(usage()); return }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (!command) {
    console.error(name === '' ? usage() : `There is no command ${name}.\n\n${usage()}`)
    process.exitCode = 2
    return
  }
  try {
    const { run: work, usage: how } = await command.load()
    if (args.some((arg) => arg === '--help' || arg === '-h')) console.log(how)
    else process.exitCode = await work(args, process.env)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(`${error.code}: ${ERRORS[error.code].title}.\n${error.detail}\n${error.hint}`)
    process.exitCode = 1
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await run(process.argv.slice(2))
