// Where the files of a policy come from: two folders on disk, or what the ledger kept of a policy that was in force.
// It reads bytes and knows names; it refuses to understand them.
import { readdir, readFile } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { readSetting, type Environment } from '../settings.ts'
import type { PolicyProblem } from './problem.ts'

export const FOLDERS = ['channels', 'mappings'] as const
export type Folder = (typeof FOLDERS)[number]

export type PolicyFile = {
  readonly folder: Folder
  /** `rio-mllp.yaml`. */
  readonly name: string
  readonly bytes: Uint8Array
}

/** The files of one policy, wherever they lie. */
export type PolicyFiles = {
  readonly files: readonly PolicyFile[]
  /** How a file is called to people: `channels/rio-mllp.yaml`. */
  show(folder: Folder, name: string): string
  /** What was wrong with reading them. */
  readonly problems: readonly PolicyProblem[]
}

const EXTENSIONS = ['.yaml', '.yml', '.csv']

/** The files in the two folders that the settings name. */
export const readFolders = (env: Environment): Promise<PolicyFiles> => readFrom({ channels: readSetting('CHANNELS_DIR', env)!, mappings: readSetting('MAPPINGS_DIR', env)! })

/** The files in `channels/` and `mappings/` below a folder. */
export const readBelow = (folder: string): Promise<PolicyFiles> => readFrom({ channels: join(folder, 'channels'), mappings: join(folder, 'mappings') })

const readFrom = async (folders: Readonly<Record<Folder, string>>): Promise<PolicyFiles> => {
  const problems: PolicyProblem[] = []
  const files: PolicyFile[] = []
  for (const folder of FOLDERS) {
    for (const name of await list(folders[folder], problems)) files.push({ folder, name, bytes: await readFile(join(folders[folder], name)) })
  }
  return { files, problems, show: (folder, name) => shown(join(folders[folder], name)) }
}

const shown = (path: string): string => { const short = relative(process.cwd(), path); return short.startsWith('..') ? path : short }

const list = async (folder: string, problems: PolicyProblem[]): Promise<readonly string[]> => {
  try {
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile() && !entry.name.startsWith('.')).map((entry) => entry.name).sort()
    return names.filter((name) => EXTENSIONS.includes(extname(name)))
  } catch {
    problems.push({ file: shown(folder), line: 1, col: 1, path: '', message: 'this folder cannot be read: set CHANNELS_DIR and MAPPINGS_DIR, or start in the folder of the project' })
    return []
  }
}

// ---------------------------------------------------------------- as the ledger keeps them

/** Text by `folder/name`: what the ledger keeps of a policy. A byte-order mark stays, so that the hash stays. */
export type KeptFiles = { readonly [path: string]: string }

export const keptFiles = ({ files }: PolicyFiles): KeptFiles =>
  Object.fromEntries(files.map(({ folder, name, bytes }) => [`${folder}/${name}`, new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)]))

/** `label` stands before each file in what is said of it: `policy 1a2b3c:`. */
export const fromKept = (kept: KeptFiles, label: string): PolicyFiles => ({
  files: Object.entries(kept).flatMap(([path, text]): readonly PolicyFile[] => {
    const [folder, name] = path.split('/') as [Folder, string | undefined]
    return FOLDERS.includes(folder) && name !== undefined ? [{ folder, name, bytes: new TextEncoder().encode(text) }] : []
  }),
  problems: [],
  show: (folder, name) => `${label}${folder}/${name}`,
})
