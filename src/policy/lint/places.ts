// Two things in one place: feeds and pages on one port, folder feeds and the engine's own folders in each other. It
// refuses to look at the machine: it compares what the files and the settings say.
import { join, relative, resolve } from 'node:path'
import { readSetting, type Environment, type SettingName } from '../../settings.ts'
import { addressesOf } from '../pkb-addresses.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'

type Listener = { readonly who: string; readonly host: string; readonly port: number }

const EVERYWHERE = ['0.0.0.0', '::', '[::]', '*']
const sameHost = (a: string, b: string): boolean => a === b || EVERYWHERE.includes(a) || EVERYWHERE.includes(b)
const plainHost = (host: string): string => (host.toLowerCase() === 'localhost' ? '127.0.0.1' : host.toLowerCase())

export const listening = (read: Read, env: Environment): readonly PolicyProblem[] => {
  const taken: Listener[] = own(read, env)
  return [...read.channels].flatMap(([name, { yaml, value }]) => {
    // 0 takes a free one.
    if (value.kind !== 'feed' || value.type !== 'mllp' || value.port === 0) return []
    const mine: Listener = { who: name, host: plainHost(value.host), port: value.port }
    const other = taken.find(({ host, port }) => port === mine.port && sameHost(host, mine.host))
    taken.push(mine)
    return other ? [wrongIn(yaml)(['port'], `${other.who} listens on ${other.host}:${other.port} already: choose another port`)] : []
  })
}

/** The pages and the HTTP feeds; the sandbox, where it stands in for PKB. */
const own = (read: Read, env: Environment): Listener[] => {
  const port = (name: SettingName): number => Number(readSetting(name, env))
  const address = `http://127.0.0.1:${port('SANDBOX_PORT')}/`
  const sandbox = [...read.channels.values()].some(({ value }) => value.type === 'pkb' && addressesOf(value).some(({ url, inUse }) => inUse && url.startsWith(address)))
  return [
    { who: 'the pages (HTTP_PORT)', host: plainHost(readSetting('HTTP_HOST', env)!), port: port('HTTP_PORT') },
    ...(sandbox ? [{ who: 'the sandbox (SANDBOX_PORT)', host: '127.0.0.1', port: port('SANDBOX_PORT') }] : []),
  ]
}

export const watching = (read: Read, env: Environment): readonly PolicyProblem[] => {
  const taken = folders(read, env)
  return [...read.channels].flatMap(([name, { yaml, value }]) => {
    if (value.kind !== 'feed' || value.type !== 'folder') return []
    const mine = resolve(value.folder)
    const other = taken.find(({ path }) => isIn(mine, path) || isIn(path, mine))
    taken.push({ who: `the feed ${name}`, path: mine })
    return other ? [wrongIn(yaml)(['folder'], `${mine === other.path ? 'this is the folder of' : isIn(mine, other.path) ? 'this folder lies inside that of' : 'inside this folder lies that of'} ${other.who}, and each would take the other's files: choose another folder`)] : []
  })
}

/** Folders that a feed must not take files from: what the print house gets, what the engine keeps, and what it reads. */
const folders = (read: Read, env: Environment): { readonly who: string; readonly path: string }[] => [
  ...[...read.channels].flatMap(([name, { value }]) => (value.type === 'print' ? [{ who: `the destination ${name}`, path: resolve(value.folder) }] : [])),
  { who: 'PRINT_DIR', path: resolve(readSetting('PRINT_DIR', env)!) },
  { who: 'the stored documents', path: resolve(join(readSetting('DATA_DIR', env)!, 'content')) },
  { who: 'the channel files', path: resolve(readSetting('CHANNELS_DIR', env)!) },
  { who: 'the mappings', path: resolve(readSetting('MAPPINGS_DIR', env)!) },
]

const isIn = (inner: string, outer: string): boolean => { const way = relative(outer, inner); return way === '' || (!/^\.\.(?:[/\\]|$)/u.test(way) && resolve(outer, way) === inner && !/^(?:[/\\]|[A-Za-z]:)/u.test(way)) }
