// A copy of channels/ and mappings/ that a test may change, as an analyst would.
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Environment } from '../../src/settings.ts'
import { makeFolder } from './folder.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

export type PolicyFolder = {
  readonly path: string
  /** Settings of an engine that works with this copy. */
  readonly settings: Environment
  read(file: string): string
  write(file: string, text: string): void
  /** Fails if the text is not there: a test must not change nothing. */
  change(file: string, from: string | RegExp, to: string): void
  drop(file: string): void
  /** As the repository has it. */
  restore(): void
  remove(): void
}

export const aPolicyFolder = (): PolicyFolder => {
  const folder = makeFolder()
  const of = (file: string): string => join(folder.path, file)
  const restore = (): void => {
    for (const name of ['channels', 'mappings']) {
      rmSync(of(name), { recursive: true, force: true })
      cpSync(join(ROOT, name), of(name), { recursive: true })
    }
  }
  restore()
  const read = (file: string): string => readFileSync(of(file), 'utf8')
  const write = (file: string, text: string): void => writeFileSync(of(file), text)
  return {
    path: folder.path,
    settings: { CHANNELS_DIR: of('channels'), MAPPINGS_DIR: of('mappings') },
    read, write, restore,
    change: (file, from, to) => {
      const [before, after] = [read(file), read(file).replace(from, to)]
      if (after === before) throw new Error(`${file} has no ${String(from)}`)
      write(file, after)
    },
    drop: (file) => rmSync(of(file)),
    remove: folder.remove,
  }
}
