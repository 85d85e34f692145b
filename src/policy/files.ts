// Where the files of a policy come from: two folders on disk, or what the ledger kept of a policy that was in force.
// It reads bytes and knows names; it refuses to understand them.
import { readdir } from 'node:fs/promises'
import { extname, join, relative } from 'node:path'
import { readSetting, type Environment } from '../settings.ts'
import { readPlain } from './plain-file.ts'
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
  /** They were in force once. Nothing goes out by them any more, so they need not fit the settings of today. */
  readonly kept?: true
}

const EXTENSIONS = ['.yaml', '.yml', '.csv']
/** A trust has dozens of files; the longest table of codes is a tenth of a megabyte, the longest channel a hundredth. */
const MOST_FILES = 500
const MOST_TABLE_MB = 5
const MOST_YAML_MB = 0.3
const MOST_MB = 50
const MB = 1024 * 1024

/** The files in the two folders that the settings name. */
export const readFolders = (env: Environment): Promise<PolicyFiles> => readFrom(foldersOf(env))

const foldersOf = (env: Environment): Folders => ({ channels: readSetting('CHANNELS_DIR', env)!, mappings: readSetting('MAPPINGS_DIR', env)! })

/** The files in `channels/` and `mappings/` below a folder. */
export const readBelow = (folder: string): Promise<PolicyFiles> => readFrom({ channels: join(folder, 'channels'), mappings: join(folder, 'mappings') })

type Folders = Readonly<Record<Folder, string>>

const readFrom = async (folders: Folders): Promise<PolicyFiles> => {
  const problems: PolicyProblem[] = []
  const files: PolicyFile[] = []
  let left = MOST_MB * MB
  for (const folder of FOLDERS) {
    for (const name of await list(folders[folder], problems)) {
      const path = join(folders[folder], name)
      const advice = unreadAdvice(name)
      if (advice) problems.push(about(path, advice))
      if (!EXTENSIONS.includes(extname(name))) continue
      try {
        const bytes = await readPlain(path, (extname(name) === '.csv' ? MOST_TABLE_MB : MOST_YAML_MB) * MB)
        left -= bytes.length
        if (left < 0) return { files, problems: [...problems, about(path, `with this file channels and mappings are larger than ${MOST_MB} MB: keep elsewhere what belongs to no channel`)], show: showIn(folders) }
        files.push({ folder, name, bytes })
      } catch (error) {
        problems.push(about(path, whyNot(error)))
      }
    }
  }
  return { files, problems, show: showIn(folders) }
}

const showIn = (folders: Folders): PolicyFiles['show'] => (folder, name) => shown(join(folders[folder], name))

/** What of the files can be handed to another thread, and back. */
export type SentFiles = Omit<PolicyFiles, 'show'> & { readonly folders: Folders }
export const sent = ({ files, problems }: PolicyFiles, env: Environment): SentFiles => ({ files, problems, folders: foldersOf(env) })
export const arrived = ({ files, problems, folders }: SentFiles): PolicyFiles => ({ files, problems, show: showIn(folders) })

/** As people know it: from the folder they are in, or whole where it lies outside. */
export const shown = (path: string): string => {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}
const about = (path: string, message: string): PolicyProblem => ({ file: shown(path), line: 1, col: 1, path: '', message })

const list = async (folder: string, problems: PolicyProblem[]): Promise<readonly string[]> => {
  try {
    // Links are followed: that is how containers are given their files. What begins with a dot or ~$ is not ours.
    const names = (await readdir(folder)).filter((name) => !name.startsWith('.') && !name.startsWith('~$')).sort()
    if (names.length <= MOST_FILES) return names
    problems.push(about(folder, `there are ${names.length.toLocaleString('en-GB')} files here, and ${MOST_FILES} are the most: keep elsewhere what belongs to no channel`))
    return []
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
  NOT_PLAIN: 'this is a pipe, a socket or a device, and a file belongs here: take it away',
  EFBIG: `a table may have ${MOST_TABLE_MB} MB and any other file ${MOST_YAML_MB * 1000} KB, and this one has more: look at what came into it, or take it away`,
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
  kept: true,
  show: (folder, name) => `${label}${folder}/${name}`,
})
