// Picks a command and hands it the arguments and the environment. It refuses anything else: what a command does is
// in the file of its name in `commands/`.
import { pathToFileURL } from 'node:url'
import { ERRORS, Failure } from './errors.ts'

type Command = { readonly says: string; readonly load: () => Promise<(args: readonly string[], env: NodeJS.ProcessEnv) => Promise<number>> }

const COMMANDS: Record<string, Command> = {
  serve: { says: 'serve [feeds|worker|dashboard]   run the engine, or one part of it', load: async () => (await import('./commands/serve.ts')).serve },
  send: { says: 'send FILE…                       send uploads to a running engine, by the door that fits', load: async () => (await import('./commands/send.ts')).send },
  explain: { says: 'explain FILE|DOCUMENT            show the whole plan, rule by rule; --as-of TIME as it was then', load: async () => (await import('./commands/explain.ts')).explain },
  check: { says: 'check [DIR]                      lint channels and mappings, and prove the safety floor', load: async () => (await import('./commands/check.ts')).check },
  test: { says: 'test [DIR] [--json]              run the tests in the channel files, and say what they do not reach', load: async () => (await import('./commands/test.ts')).test },
  schema: { says: 'schema [--check]                 write what editors and pages say of channels and mappings', load: async () => (await import('./commands/schema.ts')).schema },
  diff: { says: 'diff OLD [NEW]                   say what a changed policy would do: folders, git revisions, or in-force', load: async () => (await import('./commands/diff.ts')).diff },
  replay: { says: 'replay --since DATE [--with DIR]   decide what is in the ledger again under another policy, and say what would change', load: async () => (await import('./commands/replay.ts')).replay },
  observing: { says: 'observing [--since DATE]         say what would have become of documents that are only observed', load: async () => (await import('./commands/observing.ts')).observing },
  sandbox: { says: 'sandbox [--keep DIR]             run the PKB sandbox by itself; it forgets all at its end, unless kept', load: async () => (await import('./commands/sandbox.ts')).sandbox },
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
    process.exitCode = await (await command.load())(args, process.env)
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(`${error.code}: ${ERRORS[error.code].title}.\n${error.detail}\n${error.hint}`)
    process.exitCode = 1
  }
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await run(process.argv.slice(2))
