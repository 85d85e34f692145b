// The command as an analyst types it: on folders, on a real git repository, and on the policy that a ledger says is in
// force.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { diff } from '../../src/commands/diff.ts'
import { Failure } from '../../src/errors.ts'
import { readRevision } from '../../src/policy/diff/from-git.ts'
import { readBelow } from '../../src/policy/files.ts'
import { loadFiles } from '../../src/policy/load.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger } from '../support/ledger.ts'
import { testEnvironment } from '../support/policy.ts'
import { aPolicyFolder, type PolicyFolder } from '../support/policy-folder.ts'

const CODES = 'mappings/document-codes.csv'
const RULES = 'mappings/sharing-rules.yaml'
const BLOCKED = '  letters with CLIN: pkb (to-pkb) → withhold (blocked-code-marked-share); copies that stand at PKB are taken back'

let folder: PolicyFolder
let printed: string[]
let wrong: string[]
const out = () => printed.join('\n').split('\n')
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({ ...more })
const ofFolder = (): NodeJS.ProcessEnv => env(folder.settings as NodeJS.ProcessEnv)
const blockClinic = () => folder.change(CODES, /^CLIN,(.*),listed/mu, 'CLIN,$1,blocked')
const failure = async (work: Promise<unknown>): Promise<string> => {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown)
  if (!(error instanceof Failure)) throw new Error('it did not fail')
  return `${error.code}: ${error.detail}`
}

beforeEach(() => {
  folder = aPolicyFolder()
  printed = []
  wrong = []
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { printed.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { wrong.push(String(text)) })
})
afterEach(() => {
  jest.restoreAllMocks()
  folder.remove()
})

describe('two folders', () => {
  test('what differs, under the hashes of both', async () => {
    blockClinic()
    expect(await diff(['.', folder.path], env())).toBe(0)
    const hash = loadFiles(await readBelow(folder.path), testEnvironment).policy!.hash.slice(0, 12)
    expect(out()[0]).toMatch(/^old {2}[0-9a-f]{12} {2}\.$/u)
    expect(out()[1]).toBe(`new  ${hash}  ${folder.path}`)
    expect(out()).toContain(BLOCKED)
    expect(wrong).toEqual([])
  })

  test('nothing, and the exit code that scripts ask for', async () => {
    expect(await diff(['.', folder.path, '--exit-code'], env())).toBe(0)
    expect(out().at(-1)).toBe('Nothing changed.')
    blockClinic()
    expect(await diff(['.', folder.path, '--exit-code'], env())).toBe(1)
  })

  test('without the new one: the folders of the settings', async () => {
    blockClinic()
    expect(await diff(['.'], ofFolder())).toBe(0)
    expect(out()[1]).toMatch(/the folders of the settings$/u)
    expect(out()).toContain(BLOCKED)
  })

  test('for scripts, everything, without what is secret', async () => {
    folder.change(RULES, /(name: external\n.*\n {4}route:) review/u, '$1 withhold')
    blockClinic()
    expect(await diff(['.', folder.path, '--json'], env({ RIO_HTTP_TOKEN: 'not-to-be-seen-not-to-be-seen-nn' }))).toBe(0)
    expect(printed.join('\n')).not.toContain('not-to-be-seen')
    expect(JSON.parse(printed.join('\n'))).toMatchObject({
      differs: true, before: { label: '.', hash: expect.stringMatching(/^[0-9a-f]{64}$/u), problems: [] }, after: { label: folder.path, problems: [] },
      edits: [{ rule: 'external', kind: 'changed' }],
      rules: { all: 272_160_000, compared: 272_160_000, changes: [{ of: 'route', combinations: 253_575, sentences: ['letters marked share, not produced at the trust, not released by two people'], example: { producer: 'external' } }] },
      rows: [{ table: 'codes', key: 'CLIN', cells: [{ column: 'sharing', before: 'listed', after: 'blocked' }], approval: { by: 'Head of Clinical Records', renewed: false } }],
      effects: [{ keys: ['CLIN'], standing: 'recall' }], files: [],
    })
  })
})

describe('a policy with problems', () => {
  const letOut = () => folder.change(RULES, /(name: held\n.*\n {4}route:) withhold/u, '$1 pkb')

  test('new: each problem with its side, what its rules would do, and exit code 1', async () => {
    letOut()
    expect(await diff(['.', folder.path], env())).toBe(1)
    expect(wrong.join('\n')).toMatch(new RegExp(String.raw`^${folder.path}: \d+ problems?\n {2}${folder.path}/mappings/sharing-rules\.yaml:\d+:\d+ rules\.held: this rule breaks F`, 'u'))
    expect(wrong.join('\n')).toContain('this rule breaks F11 of the safety floor')
    expect(out()[1]).toBe(`new  ${loadFiles(await readBelow(folder.path), testEnvironment).compiled!.hash.slice(0, 12)}  ${folder.path} (it has problems, so no engine takes it)`)
    expect(out().join('\n')).toContain('held by a person')
  })

  test('old: compared all the same', async () => {
    letOut()
    expect(await diff([folder.path, '.'], env())).toBe(0)
    expect(out()[0]).toContain('(it has problems, so no engine takes it)')
    expect(wrong).toHaveLength(1)
  })

  test('without rules that can be read there is nothing to compare', async () => {
    folder.drop(RULES)
    expect(await diff(['.', folder.path], env())).toBe(1)
    expect(printed).toEqual([])
    expect(wrong.at(-1)).toBe('They cannot be compared: mend the sharing rules of the one that has problems.')
  })
})

describe('revisions of git', () => {
  const git = (...args: readonly string[]): string => execFileSync('git', ['-C', folder.path, ...args], { encoding: 'utf8' }).trim()
  const commit = (message: string): string => {
    git('add', '--all')
    git('-c', 'user.name=Analyst', '-c', 'user.email=analyst@example.org', '-c', 'commit.gpgsign=false', 'commit', '--quiet', '--message', message)
    return git('rev-parse', 'HEAD')
  }
  beforeEach(() => {
    git('init', '--quiet', '--initial-branch=main')
    commit('As it was')
    blockClinic()
  })
  const compareAll = async (before: string, after: string) => {
    const inGit = async (name: string) => loadFiles(await readRevision(name, {}, folder.path), testEnvironment)
    return [await inGit(before), await inGit(after)] as const
  }

  test('what was committed is read as it was, under the same hash as on disk', async () => {
    const onDisk = loadFiles(await readBelow(folder.path), testEnvironment).policy!
    commit('Block clinic letters')
    const [before, after] = await compareAll('HEAD~1', 'main')
    expect(before.problems).toEqual([])
    expect(after.policy?.hash).toBe(onDisk.hash)
    expect(before.policy?.codes['CLIN']?.sharing).toBe('listed')
    expect(before.policy?.rules[0]).toMatchObject({ name: 'cancelled', file: 'HEAD~1:mappings/sharing-rules.yaml' })
  })

  test('by the command, against what is not committed yet', async () => {
    const here = process.cwd()
    try {
      process.chdir(folder.path)
      expect(await diff(['HEAD'], env())).toBe(0)
      expect(out()).toContain(BLOCKED)
      const hash = commit('Block clinic letters')
      printed = []
      expect(await diff([`${hash.slice(0, 8)}~1`, hash], env())).toBe(0)
      expect(out()).toContain(BLOCKED)
      printed = []
      expect(await diff(['HEAD'], env())).toBe(0)
      expect(out().at(-1)).toBe('Nothing changed.')
    } finally {
      process.chdir(here)
    }
  })

  test('from a folder below, and where the project is a folder of a larger repository', async () => {
    mkdirSync(join(folder.path, 'trusts', 'east', 'notes'), { recursive: true })
    for (const name of ['channels', 'mappings']) cpSync(join(folder.path, name), join(folder.path, 'trusts', 'east', name), { recursive: true })
    commit('A trust of its own, with clinic letters blocked')
    folder.change(CODES, /^CLIN,(.*),blocked/mu, 'CLIN,$1,listed')
    commit('Not so elsewhere')
    const sharing = async (from: string, settings: NodeJS.ProcessEnv = {}) => loadFiles(await readRevision('HEAD', settings, join(folder.path, from)), testEnvironment).policy?.codes['CLIN']?.sharing
    expect([await sharing('.'), await sharing('trusts'), await sharing('trusts/east'), await sharing('trusts/east/notes')]).toEqual(['listed', 'listed', 'blocked', 'blocked'])
    expect(await sharing('.', { MAPPINGS_DIR: 'trusts/east/mappings', CHANNELS_DIR: 'trusts/east/channels' })).toBe('blocked')
    expect(await sharing('trusts', { MAPPINGS_DIR: join(realpathSync(folder.path), 'mappings') })).toBe('listed')
  })

  test('folders of the settings that are gone by now are found in the revision', async () => {
    cpSync(join(folder.path, 'mappings'), join(folder.path, 'policy', 'mappings'), { recursive: true })
    rmSync(join(folder.path, 'mappings'), { recursive: true })
    commit('Elsewhere')
    rmSync(join(folder.path, 'policy'), { recursive: true })
    commit('Gone')
    const { policy } = loadFiles(await readRevision('HEAD~1', { MAPPINGS_DIR: 'policy/mappings' }, folder.path), testEnvironment)
    expect(policy?.codes['CLIN']?.sharing).toBe('blocked')
  })

  test('what is neither a folder nor a revision is said', async () => {
    expect(await failure(readRevision('no-such-thing', {}, folder.path))).toBe('POLICY_NOT_FOUND: no-such-thing is no folder that holds a policy, and git knows no such revision here.')
    expect(await failure(readRevision('--output=stolen', {}, folder.path))).toBe('POLICY_NOT_FOUND: --output=stolen is no folder that holds a policy, and git knows no such revision here.')
    rmSync(join(folder.path, 'mappings'), { recursive: true })
    commit('Nothing left')
    expect(await failure(readRevision('HEAD', {}, folder.path))).toBe('POLICY_NOT_FOUND: HEAD has no folder mappings in this repository.')
    expect(loadFiles(await readRevision('HEAD~1', {}, folder.path), testEnvironment).policy).toBeDefined()
  })

  test('a link in a revision is not followed in silence', async () => {
    symlinkSync('rio-upload.yaml', join(folder.path, 'mappings', 'rio-other.yaml'))
    commit('A link')
    const { policy, problems } = loadFiles(await readRevision('HEAD', {}, folder.path), testEnvironment)
    expect(policy).toBeUndefined()
    expect(problems).toContainEqual(expect.objectContaining({ file: 'HEAD:mappings/rio-other.yaml', message: 'this is a link, and links are not followed in a revision: compare folders instead' }))
  })
})

test('where there is no repository, and no git, it is said', async () => {
  const bare = makeFolder()
  const path = process.env['PATH']
  try {
    expect(await failure(readRevision('HEAD', {}, bare.path))).toBe('POLICY_NOT_FOUND: HEAD is no folder that holds a policy, and there is no git repository here in which it could be a revision.')
    process.env['PATH'] = bare.path
    expect(await failure(readRevision('HEAD', {}, bare.path))).toBe('POLICY_NOT_FOUND: HEAD is no folder that holds a policy, and git is not installed here, so it cannot be a revision either.')
  } finally {
    process.env['PATH'] = path
    bare.remove()
  }
})

test('against what is in force, whatever lies on disk', async () => {
  const place = await aLedger()
  try {
    const connected = { ...ofFolder(), DATABASE_URL: place.url }
    expect(await failure(diff(['in-force'], connected))).toMatch(/^POLICY_NOT_FOUND: No policy was ever in force in this ledger/u)
    const { policy, files } = loadFiles(await readBelow(folder.path), testEnvironment)
    await place.ledger.savePolicy({ hash: policy!.hash, files }, '2026-11-23T11:00:00.000Z')
    blockClinic()
    expect(await diff(['in-force'], connected)).toBe(0)
    expect(out()[0]).toBe(`old  ${policy!.hash.slice(0, 12)}  in-force`)
    expect(out()).toContain(BLOCKED)
  } finally {
    await place.close()
  }
})

test('against a policy that was in force once, by its hash or how it begins', async () => {
  const place = await aLedger()
  try {
    const connected = { ...ofFolder(), DATABASE_URL: place.url }
    const { policy, files } = loadFiles(await readBelow(folder.path), testEnvironment)
    const { hash } = policy!
    await place.ledger.savePolicy({ hash, files }, '2026-11-23T11:00:00.000Z')
    await place.ledger.savePolicy({ hash: `${hash.slice(0, 10)}${'z'.repeat(54)}`, files: {} }, '2026-11-23T11:30:00.000Z')
    blockClinic()
    for (const name of [hash, hash.slice(0, 11), hash.slice(0, 11).toUpperCase()]) expect([name, await diff([name], connected)]).toEqual([name, 0])
    expect(out()[0]).toBe(`old  ${hash.slice(0, 12)}  ${hash}`)
    expect(out()).toContain(BLOCKED)
    expect(await failure(diff([hash.slice(0, 8)], connected))).toBe(`POLICY_NOT_FOUND: ${hash.slice(0, 8)} is no folder that holds a policy, and git knows no such revision here. The hashes of several policies begin with ${hash.slice(0, 8)}: give more of it.`)
    expect(await failure(diff(['0'.repeat(64)], connected))).toBe(`POLICY_NOT_FOUND: ${'0'.repeat(64)} is no folder that holds a policy, and git knows no such revision here. No policy whose hash begins with 000000000000 was ever in force in this ledger.`)
  } finally {
    await place.close()
  }
})

test.each([[[], 'Say what to compare with'], [['a', 'b', 'c'], 'c would be a third'], [['.', '--jsn'], "Unknown option '--jsn'"], [['', '.'], 'An empty name']] as const)('%j is not understood', async (args, says) => {
  expect(await diff(args, env())).toBe(2)
  expect(wrong.join('\n')).toContain(says)
  expect(wrong.join('\n')).toContain('Usage: npx openletter diff OLD [NEW]')
})
