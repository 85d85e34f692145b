// What is said of a changed policy before anything else: that more reaches a patient than before, and what of it the files
// cannot show.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { comparePolicies } from '../../../src/policy/diff/diff.ts'
import { loosening, RELEASED, type Loosening } from '../../../src/policy/diff/loosening.ts'
import { readBelow } from '../../../src/policy/files.ts'
import { loadFiles } from '../../../src/policy/load.ts'
import { testEnvironment } from '../../support/policy.ts'
import { aPolicyFolder, type PolicyFolder } from '../../support/policy-folder.ts'

let strict: PolicyFolder
let loose: PolicyFolder
beforeEach(() => { strict = aPolicyFolder(); loose = aPolicyFolder() })
afterEach(() => { strict.remove(); loose.remove() })

const load = async ({ path }: PolicyFolder) => { const { compiled, files } = loadFiles(await readBelow(path), testEnvironment); return { policy: compiled!, files } }
const between = async (before: PolicyFolder, after: PolicyFolder): Promise<Loosening> => {
  const [was, is] = [await load(before), await load(after)]
  return loosening(was.policy, is.policy, comparePolicies(was, is))
}
const NOTHING: Loosening = { lines: [], unsaid: [], tests: [] }

const RULES = 'mappings/sharing-rules.yaml'
const CODES = 'mappings/document-codes.csv'
const SERVICES = 'mappings/services.csv'
const DIRECTORATES = 'mappings/directorates.csv'
const MLLP = 'channels/rio-mllp.yaml'

test('nothing changed, nothing loosened', async () => expect(await between(strict, loose)).toEqual(NOTHING))

describe('each of these loosens, and its opposite does not', () => {
  const cases: readonly (readonly [string, () => void, readonly string[]])[] = [
    ['a rule', () => strict.change(RULES, /(name: out-of-scope\n.*\n {4}route:) print/u, '$1 withhold'), [expect.stringMatching(/^letters marked share, of a service that does not use PKB.*: withhold → print$/u) as unknown as string, expect.stringMatching(/^ {2}[\d,]+ combinations; before out-of-scope/u) as unknown as string]],
    ['a code that is listed now', () => strict.change(CODES, /^CLIN,(.*),listed/mu, 'CLIN,$1,blocked'), ['letters with CLIN: withhold (blocked-code-marked-share) → pkb (to-pkb)']],
    ['a team that is in the list now', () => strict.change(SERVICES, /^ADULT1,.*\n/mu, ''), [expect.stringMatching(/^letters of ADULT1 \(.*\), first received from 2025-01-06 on: review \(.*\) → pkb \(to-pkb\)$/u) as unknown as string]],
    ['a directorate that is live now', () => strict.change(DIRECTORATES, /^newham,(.*),live,/mu, 'newham,$1,observing,'), [expect.stringMatching(/^letters of .*: observe \(would be pkb, to-pkb\) → pkb \(to-pkb\)$/u) as unknown as string]],
    ['a feed that is live now', () => strict.change(MLLP, /^status: live/mu, 'status: observing'), ['letters that rio-mllp brings: observe (would be pkb, to-pkb) → pkb (to-pkb)']],
  ]
  test.each(cases)('%s', async (_, tighten, lines) => {
    tighten()
    expect((await between(strict, loose)).lines).toEqual(lines)
    expect(await between(loose, strict)).toEqual(NOTHING)
  })
})

test('a blocked code that is taken out of the list goes to review, and a person may then let it out', async () => {
  strict.change(CODES, /^CLIN,(.*),listed/mu, 'CLIN,$1,blocked')
  loose.change(CODES, /^CLIN,.*\n/mu, '')
  expect((await between(strict, loose)).lines).toEqual([RELEASED, expect.stringMatching(/^ {2}letters with CLIN: withhold .* → review /u)])
})

test('a go-live date that was put earlier lets out what had come before', async () => {
  loose.change(DIRECTORATES, /^newham,Newham,live,2025-01-06/mu, 'newham,Newham,live,2024-12-20')
  expect((await between(strict, loose)).lines).toEqual([expect.stringMatching(/^newham go_live: .* → 2024-12-20/u)])
  expect(await between(loose, strict)).toEqual(NOTHING)
})

test('only messages can show what a mapping does, and the tests that changed with it are named', async () => {
  loose.change('mappings/rio-hl7-mdm.yaml', 'CON', 'COM')
  loose.change(MLLP, /expect: \{ route: withhold/u, 'expect: { route: review')
  expect(await between(strict, loose)).toEqual({ lines: [], unsaid: ['mappings/rio-hl7-mdm.yaml'], tests: [expect.stringMatching(/^channels\/rio-mllp\.yaml: tests: (\d+) → \1 \(0 added, 0 removed, 1 changed\)$/u)] })
})
