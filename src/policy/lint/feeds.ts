// Feeds, the mappings that read them, and their tests: names that lead nowhere, tests that could not fail or say the
// same twice. It refuses to run a test.
import { freeDays } from './free-days.ts'
import { testProblems } from './tests.ts'
import { didYouMean } from '../read/nearest.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import type { Read } from '../read/every-file.ts'
import type { Feed } from '../schema.ts'
import type { YamlFile } from '../read/yaml.ts'

const FORMAT_OF = { mllp: 'hl7-mdm', http: 'upload', folder: 'upload' } as const

/** Rules of the engine's own, which decide where no rule of the policy does. */
const OWN_RULES = ['floor', 'no-rule-matched', 'moved-to-another-patient', 'parent-not-standing', 'account-unknown-too-long', 'not-read-in-time', 'posted-by-a-person']

export const feeds = (read: Read): readonly PolicyProblem[] => {
  const all = [...read.channels.values()].flatMap(({ yaml, value }) => (value.kind === 'feed' ? [{ yaml, feed: value }] : []))
  // A channel that cannot be read may well be a feed, and use any mapping.
  const whole = read.channels.size > 0 && ![...read.unusable].some((file) => file.startsWith('channels/'))
  const used = new Set(all.map(({ feed }) => feed.mapping))
  const [first] = read.channels.values()
  return [
    ...all.flatMap(({ yaml, feed }) => [...mappingOf(feed, yaml, read), ...silence(feed, yaml), ...tests(feed, yaml, read)]),
    ...[...read.mappings].flatMap(([name, { yaml }]) => (whole && !used.has(name) ? [wrongIn(yaml)([], 'no feed uses this mapping: name it in a feed, or take the file away')] : [])),
    ...(whole && all.length === 0 && first ? [{ file: first.yaml.file, line: 1, col: 1, path: '', message: 'no channel is a feed, so nothing can come in: write one' }] : []),
  ]
}

const mappingOf = (feed: Feed, yaml: YamlFile, read: Read): readonly PolicyProblem[] => {
  const wrong = wrongIn(yaml)
  const mapping = read.mappings.get(feed.mapping)
  if (!mapping) {
    const names = [...read.mappings.keys()]
    // Where nothing of mappings/ could be read, that is told once, and not by each feed.
    if (read.unusable.has(`mappings/${feed.mapping}`) || (names.length === 0 && !read.rules)) return []
    return [wrong(['mapping'], names.length === 0 ? `there is no mapping ${feed.mapping}, nor any other: write ${feed.mapping}.yaml` : `there is no mapping ${feed.mapping}: the mappings are ${names.join(', ')}${didYouMean(feed.mapping, names, '').replace(/^(?=.)/u, '; ')}`)]
  }
  return mapping.value.kind === FORMAT_OF[feed.type] ? [] : [wrong(['mapping'], `a ${feed.type} feed needs a mapping of kind ${FORMAT_OF[feed.type]}, and ${feed.mapping} is of kind ${mapping.value.kind}: name another`)]
}

const silence = ({ alert_if_silent: silent }: Feed, yaml: YamlFile): readonly PolicyProblem[] =>
  freeDays(silent?.not_on ?? []).map(({ at, message }) => wrongIn(yaml)(['alert_if_silent', 'not_on', at], message))

const tests = (feed: Feed, yaml: YamlFile, read: Read): readonly PolicyProblem[] => {
  const wrong = wrongIn(yaml)
  const known = read.rules && [...read.rules.value.rules.map(({ name }) => name), ...OWN_RULES]
  const names = new Map<string, number>()
  return [
    // Whoever changes a feed sees at once when it begins to let out what must stay in.
    ...(feed.tests.some((test) => test.expect.route === 'withhold') ? [] : [wrong(['tests'], 'there is no test of a document that is withheld: add one with expect: { route: withhold }')]),
    ...testProblems(feed).map(({ path, message }) => wrong(path, message)),
    ...feed.tests.flatMap((test, at) => {
      const first = names.get(test.name)
      names.set(test.name, first ?? at)
      return [
        ...(first === undefined ? [] : [wrong(['tests', at, 'name'], `another test of this feed has this name (line ${yaml.at(['tests', first, 'name']).line}): give each a name of its own`)]),
        ...(['rule', 'would_rule'] as const).flatMap((key) => {
          const rule = test.expect[key]
          return !known || rule === undefined || known.includes(rule) ? [] : [wrong(['tests', at, 'expect', key], `there is no rule ${rule}: ${didYouMean(rule, known, 'the rules are in sharing-rules.yaml')}`)]
        }),
      ]
    }),
  ]
}
