// Picks a command and hands it the arguments and the environment. It refuses anything else: what a command does is
// in the file of its name in `commands/`.
import { pathToFileURL } from 'node:url'
import { ERRORS, Failure } from './errors.ts'

type Loaded = { readonly usage: string; readonly run: (args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number> }
type Command = { readonly says: string; readonly load: () => Promise<Loaded> }

const COMMANDS: Record<string, Command> = {
  serve: { says: 'serve [feeds|worker|dashboard]   run the engine, or one part of it', load: async () => { const { serve: run, USAGE: usage } = await import('./commands/serve.ts'); return { run, usage } } },
  send: { says: 'send FILE…                       send uploads to a running engine, by the door that fits', load: async () => { const { send: run, USAGE: usage } = await import('./commands/send.ts'); return { run, usage } } },
  explain: { says: 'explain FILE|DOCUMENT            show the whole plan, rule by rule; --as-of TIME as it was then', load: async () => { const { explain: run, USAGE: usage } = await import('./commands/explain.ts'); return { run, usage } } },
  check: { says: 'check [DIR]                      lint channels and mappings, and prove the safety floor', load: async () => { const { check: run, USAGE: usage } = await import('./commands/check.ts'); return { run, usage } } },
  test: { says: 'test [DIR] [--json]              run the tests in the channel files, and say what they do not reach', load: async () => { const { test: run, USAGE: usage } = await import('./commands/test.ts'); return { run, usage } } },
  schema: { says: 'schema [--check]                 write what editors and pages say of channels and mappings', load: async () => { const { schema: run, USAGE: usage } = await import('./commands/schema.ts'); return { run, usage } } },
  diff: { says: 'diff OLD [NEW]                   say what a changed policy would do: folders, git revisions, or in-force', load: async () => { const { diff: run, USAGE: usage } = await import('./commands/diff.ts'); return { run, usage } } },
  replay: { says: 'replay --since DATE [--with DIR]   decide what is in the ledger again under another policy, and say what would change', load: async () => { const { replay: run, USAGE: usage } = await import('./commands/replay.ts'); return { run, usage } } },
  observing: { says: 'observing [--since DATE]         say what would have become of documents that are only observed', load: async () => { const { observing: run, USAGE: usage } = await import('./commands/observing.ts'); return { run, usage } } },
  stop: { says: 'stop --all|--service X… --reason Y  halt deliveries to patients; stop list, stop lift ID', load: async () => { const { stop: run, USAGE: usage } = await import('./commands/stop.ts'); return { run, usage } } },
  failed: { says: 'failed list [--group KEY]           list deliveries in trouble by cause, or those of one group', load: async () => { const { failed: run, USAGE: usage } = await import('./commands/failed.ts'); return { run, usage } } },
  retry: { says: 'retry plan|start|pause|go-on|cancel  try many deliveries again: a plan, then a run', load: async () => { const { retry: run, USAGE: usage } = await import('./commands/retry.ts'); return { run, usage } } },
  staff: { says: 'staff list|invite|reset NAME        say who may sign in, and help whoever is locked out', load: async () => { const { staff: run, USAGE: usage } = await import('./commands/staff.ts'); return { run, usage } } },
  channels: { says: 'channels [pause|stop|start NAME]  list channels; pause, stop and start them', load: async () => { const { channels: run, USAGE: usage } = await import('./commands/channels.ts'); return { run, usage } } },
  recall: { says: 'recall DOCUMENT --reason Y       take a document back from the patient; --lift lets it go again', load: async () => { const { recall: run, USAGE: usage } = await import('./commands/recall.ts'); return { run, usage } } },
  pkb: { says: 'pkb doctor [--json]              ask PKB step by step whether addresses and credentials are right', load: async () => { const { pkb: run, USAGE: usage } = await import('./commands/pkb.ts'); return { run, usage } } },
  audit: { says: 'audit verify [--json]            check that the log of events was not changed', load: async () => { const { audit: run, USAGE: usage } = await import('./commands/audit.ts'); return { run, usage } } },
  sandbox: { says: 'sandbox [--keep DIR] [--strict]  run the PKB sandbox by itself; it forgets all at its end, unless kept', load: async () => { const { sandbox: run, USAGE: usage } = await import('./commands/sandbox.ts'); return { run, usage } } },
}

const usage = (): string => ['Usage: npx openletter COMMAND', '', ...Object.values(COMMANDS).map(({ says }) => `  ${says}`), '', 'Settings come from the environment: see docs/operations.md.'].join('\n')

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
