// A copy of the project's channels and mappings with another pkb.yaml, for an engine of a bench or a torture. It refuses
// to touch the project's own.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from './processes.ts'
import { ROOT } from './sandbox.ts'

export type PolicyCopy = { readonly env: Readonly<Record<string, string>>; forget(): void }

/** `changes`: the lines of pkb.yaml that begin with this key, however far they are indented, get this value. */
export const policyCopy = (changes: Readonly<Record<string, string | number>>): PolicyCopy => {
  const folder = mkdtempSync(join(tmpdir(), 'openletter-bench-policy-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  const forget = atEnd(remove)
  for (const name of ['channels', 'mappings']) cpSync(join(ROOT, name), join(folder, name), { recursive: true })
  const file = join(folder, 'channels', 'pkb.yaml')
  let text = readFileSync(file, 'utf8')
  for (const [key, value] of Object.entries(changes)) {
    const line = new RegExp(`^( *)${key}: .*$`, 'mu')
    if (!line.test(text)) throw new Error(`pkb.yaml has no line ${key}.`)
    text = text.replace(line, `$1${key}: ${value}`)
  }
  writeFileSync(file, text)
  return { env: { CHANNELS_DIR: join(folder, 'channels'), MAPPINGS_DIR: join(folder, 'mappings') }, forget: () => { forget(); remove() } }
}
