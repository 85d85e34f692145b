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
    for (const name of await list(folders[folder], problems)) {
      const path = join(folders[folder], name)
      const advice = unreadAdvice(name)
      if (advice) problems.push(about(path, advice))
      if (!EXTENSIONS.includes(extname(name))) continue
      try {
        files.push({ folder, name, bytes: await readFile(path) })
      } catch (error) {
        problems.push(about(path, whyNot(error)))
      }
    }
  }
  return { files, problems, show: (folder, name) => shown(join(folders[folder], name)) }
}

const shown = (path: string): string => { const short = relative(process.cwd(), path); return short.startsWith('..') ? path : short }
const about = (path: string, message: string): PolicyProblem => ({ file: shown(path), line: 1, col: 1, path: '', message })

const list = async (folder: string, problems: PolicyProblem[]): Promise<readonly string[]> => {
  try {
    // Links are followed: that is how containers are given their files. What begins with a dot or ~$ is not ours.
    return (await readdir(folder)).filter((name) => !name.startsWith('.') && !name.startsWith('~$')).sort()
  } catch {
    problems.push(about(folder, 'this folder cannot be read: set CHANNELS_DIR and MAPPINGS_DIR, or start in the folder of the project'))
    return []
  }
}

const REASONS: { readonly [code: string]: string } = {
  EACCES: 'this file cannot be read: give the user that runs the engine the right to',
  EPERM: 'this file cannot be read: give the user that runs the engine the right to',
  ENOENT: 'this is a link to a file that is not there: mend the link, or take it away',
  ELOOP: 'this is a link that leads back to itself: mend it, or take it away',
  EISDIR: 'this is a folder, and a file belongs here: call it otherwise',
}
const whyNot = (error: unknown): string => {
  const { code } = error as NodeJS.ErrnoException
  return REASONS[code ?? ''] ?? `this file cannot be read (${code ?? 'unknown'}): look at it, or take it away`
}

/** A file that nothing reads, and of which somebody may believe otherwise. */
const unreadAdvice = (name: string): string | undefined => {
  if (/\.(xlsx|xlsm|xlsb|xls|ods|numbers)$/iu.test(name)) return 'nothing reads a spreadsheet, so what it says is not in force: save it as "CSV UTF-8" over the table, and keep it in another folder'
  const [, written] = /(\.(?:ya?ml|csv))$/iu.exec(name) ?? []
  if (written && written !== written.toLowerCase()) return `nothing reads a file that ends in ${written}: let it end in ${written.toLowerCase()}`
  return /\.(ya?ml|csv)\.txt$|\.tsv$/iu.test(name) ? 'nothing reads this file: let it end in .yaml or .csv' : undefined
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
