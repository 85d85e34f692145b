// What is wrong with a test before it is run: no input or two, a file without a place, a number where text was meant,
// nothing that could fail. It refuses to run anything.
import type { ChannelTest, Feed } from '../schema.ts'

/** Where the base64 of the file belongs in a message that is written into a test. */
export const FILE_PLACE = '{file}'

type Wrong = { readonly path: readonly PropertyKey[]; readonly message: string }

const WAYS = ['sample', 'message', 'upload'] as const
type Way = (typeof WAYS)[number]

/** In which form a feed takes what it is sent. */
const FORMS: Record<Feed['type'], { readonly way: Way; readonly ending: string; readonly example: string }> = {
  mllp: { way: 'message', ending: '.hl7', example: 'sample: samples/01-share-registered.hl7, or message: with an HL7 message, one segment a line' },
  http: { way: 'upload', ending: '.json', example: 'sample: samples/01-share-registered.json, or upload: { metadata: { … } }' },
  folder: { way: 'upload', ending: '.json', example: 'sample: samples/01-share-registered.json, or upload: { metadata: { … } }' },
}

export const testProblems = ({ type, tests }: Feed): readonly Wrong[] =>
  tests.flatMap((test, at) => [...inputProblems(test, type), ...expectProblems(test)].map(({ path, message }) => ({ path: ['tests', at, ...path], message })))

const inputProblems = (test: ChannelTest, type: Feed['type']): readonly Wrong[] => {
  const { way, ending, example } = FORMS[type]
  const ways = WAYS.filter((one) => test[one] !== undefined)
  const [first, second] = ways
  if (!first) return [{ path: [], message: `there is nothing to test: write ${example}` }]
  if (second) return [{ path: [second], message: `a test is about one upload, and ${first} is here already: take one of them out` }]
  if (first !== 'sample' && first !== way) return [{ path: [first], message: `a feed of type ${type} takes no ${first}: write ${example}` }]
  const [path] = [test.sample, test.file].filter((one) => one?.includes('\\') === true)
  if (path !== undefined) return [{ path: [path === test.sample ? 'sample' : 'file'], message: `a path has / between its folders: write ${path.replaceAll('\\', '/')}` }]
  if (test.sample !== undefined && !test.sample.toLowerCase().endsWith(ending)) return [{ path: ['sample'], message: `a feed of type ${type} takes ${ending} files: write ${example}` }]
  return [...fileProblems(test), ...numbersIn(test.upload?.metadata ?? {}).map((path) => ({ path: ['upload', 'metadata', ...path], message: 'a number may lose its zeros: put it in quotes' }))]
}

const NAME_ONE = 'add file: samples/letter.pdf beside it'

const fileProblems = ({ sample, message, upload, file }: ChannelTest): readonly Wrong[] => {
  if (sample !== undefined) return file === undefined ? [] : [{ path: ['file'], message: 'a sample has its file in it: take this out' }]
  const hasPlace = message?.includes(FILE_PLACE) === true
  if (message !== undefined && file !== undefined && !hasPlace) return [{ path: ['file'], message: `the message has no place for the file: write ${FILE_PLACE} where its base64 belongs, in OBX-5.5` }]
  if (hasPlace && file === undefined) return [{ path: ['message'], message: `${FILE_PLACE} stands for a file, and none is named: ${NAME_ONE}` }]
  if (upload && file === undefined && (upload.file_name ?? upload.declared_type) !== undefined) return [{ path: ['upload'], message: `it says what the file is called or declared as, and there is none: ${NAME_ONE}` }]
  return []
}

const expectProblems = ({ expect: { refused, ...decided } }: ChannelTest): readonly Wrong[] => {
  const says = Object.values(decided).some((value) => typeof value !== 'object' || Object.keys(value).length > 0)
  if (refused !== undefined && says) return [{ path: ['expect', 'refused'], message: 'a message that is refused is not decided: expect refused and nothing else' }]
  return refused === undefined && !says ? [{ path: ['expect'], message: 'nothing is expected, so the test could not fail: write for example { route: review }' }] : []
}

/** Where numbers stand: YAML makes 42 of an unquoted 0042, and rounds a long id. */
const numbersIn = (value: unknown): readonly (readonly PropertyKey[])[] => {
  if (typeof value === 'number') return [[]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => numbersIn(inner).map((path) => [Array.isArray(value) ? Number(key) : key, ...path]))
}
