// `openletter diff OLD [NEW]`: says what a changed policy would do, before it is in force. It changes nothing, sends
// nothing and looks at no document.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { comparePolicies, differs, type PolicyDiff } from '../policy/diff/diff.ts'
import { inWords } from '../policy/diff/report.ts'
import { sentences } from '../policy/diff/words.ts'
import { readFolders } from '../policy/files.ts'
import { loadFiles, type Loaded } from '../policy/load.ts'
import { printProblem } from '../policy/problem.ts'
import { checkable } from './environment.ts'
import { policySource } from './policy-source.ts'
import { linesFor, widthOf } from './terminal-lines.ts'

export const USAGE = `Usage: npx openletter diff OLD [NEW] [--json] [--exit-code]

  OLD, NEW     each a folder that holds channels/ and mappings/, a git revision such as HEAD~1, in-force, or the hash
               of a policy that was in force, or its first 8 or more characters;
               without NEW the channels and mappings of the settings are compared with OLD
  --json       everything that differs, for scripts
  --exit-code  end with 1 where anything differs`

type Called = { readonly old: string; readonly new?: string; readonly json: boolean; readonly exitCode: boolean }
type Side = { readonly label: string; readonly loaded: Loaded }

export const diff = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  const sides = [await sideOf(called.old, env), await sideOf(called.new, env)] as const
  for (const { label, loaded: { problems } } of sides) if (problems.length > 0)
    console.error([`${label}: ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`, ...problems.map((problem) => `  ${printProblem(problem)}`)].join('\n'))
  const [before, after] = sides.map(({ loaded }) => loaded) as [Loaded, Loaded]
  if (!before.compiled || !after.compiled) { console.error('They cannot be compared: mend the sharing rules of the one that has problems.'); return 1 }
  const result = comparePolicies({ policy: before.compiled, files: before.files }, { policy: after.compiled, files: after.files })
  if (called.json) console.log(JSON.stringify(asJson(result, sides), undefined, 2))
  else console.log(linesFor([...heading(sides), ...inWords(result, { before: before.compiled.rules, after: after.compiled.rules, ...folderOf(called.new) })], widthOf(process.stdout)).join('\n'))
  return !after.policy || (called.exitCode && differs(result)) ? 1 : 0
}

const sideOf = async (name: string | undefined, env: NodeJS.ProcessEnv): Promise<Side> => ({
  label: name ?? 'the folders of the settings',
  loaded: loadFiles(await (name === undefined ? readFolders(env) : policySource(name, env)), checkable(env)),
})

/** Where the new policy is, for other commands to be run on it. */
const folderOf = (name: string | undefined): { readonly folder?: string } => (name === undefined ? { folder: 'settings' } : existsSync(join(name, 'mappings')) ? { folder: name } : {})

const heading = (sides: readonly Side[]): readonly string[] =>
  sides.map(({ label, loaded }, at) => `${at === 0 ? 'old' : 'new'}  ${loaded.compiled!.hash.slice(0, 12)}  ${label}${loaded.policy ? '' : ' (it has problems, so no engine takes it)'}`)

const asJson = (result: PolicyDiff, sides: readonly Side[]) => {
  const [before, after] = sides.map(({ label, loaded }) => ({ label, hash: loaded.compiled!.hash, problems: loaded.problems })) as [object, object]
  return { differs: differs(result), ...result, before, after, rules: { ...result.rules, changes: result.rules.changes.map((change) => ({ ...change, sentences: sentences(change.boxes).map(({ text }) => text) })) } }
}

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, options: { json: { type: 'boolean' }, 'exit-code': { type: 'boolean' } } })
    const [old, now, more] = positionals
    if (old === undefined) return 'Say what to compare with: a folder, a git revision, in-force, or the hash of a policy that was in force.'
    if (more !== undefined) return `diff compares two policies, and ${more} would be a third.`
    if (old.trim() === '' || now?.trim() === '') return 'An empty name is no policy.'
    return { old, ...(now === undefined ? {} : { new: now }), json: values.json ?? false, exitCode: values['exit-code'] ?? false }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
