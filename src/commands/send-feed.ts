// Which feed `openletter send` speaks to: the only one of its kind in the channels folder, or the one that is named. It refuses
// to choose between several, for they may differ in what they let out.
import { Failure } from '../errors.ts'
import { readFolders } from '../policy/files.ts'
import { readAll } from '../policy/read/every-file.ts'
import type { Feed } from '../policy/schema.ts'
import type { Environment } from '../settings.ts'
import { checkable } from './environment.ts'

type Type = 'mllp' | 'http'
type OfType<T extends Type> = Extract<Feed, { type: T }>
const FILES = { mllp: '.hl7', http: '.json' } as const satisfies Record<Type, string>

/** What else may be wrong with the channels is no matter here. */
export const feedFor = async <T extends Type>(type: T, named: string | undefined, env: Environment): Promise<{ readonly name: string; readonly feed: OfType<T> }> => {
  const { channels } = readAll(await readFolders(env), checkable(env), [])
  const feeds = [...channels].flatMap(([name, { value }]) => (value.kind === 'feed' && value.type === type ? [{ name, feed: value as OfType<T> }] : []))
  const those = named === undefined ? feeds : feeds.filter(({ name }) => name === named)
  const [only, ...more] = those
  if (only && more.length === 0) return only
  const names = feeds.map(({ name }) => name).join(', ')
  if (only) throw new Failure('SETTING_INVALID', `There are several feeds for ${FILES[type]} files: ${names}. Say which with --feed NAME.`)
  if (named === undefined || names === '') throw new Failure('SETTING_INVALID', `No channel file that can be read is a feed for ${FILES[type]} files: start in the folder of the project, or set CHANNELS_DIR.`)
  throw new Failure('SETTING_INVALID', `${named} is no feed for ${FILES[type]} files here. There is: ${names}.`)
}
