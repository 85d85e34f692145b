// The commands that stop deliveries and take a letter back, on a ledger on which an engine may or may not run.
import { afterAll, afterEach, beforeAll, beforeEach, expect, jest, test } from '@jest/globals'
import { recall } from '../../src/commands/recall.ts'
import { stop } from '../../src/commands/stop.ts'
import { keptFiles, readFolders } from '../../src/policy/files.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

let place: TestLedger
let [printed, wrong]: [string[], string[]] = [[], []]
beforeAll(async () => {
  place = await aLedger()
  await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, iso())
  await place.ledger.savePolicy({ hash: place.policy.hash, files: keptFiles(await readFolders({})) }, iso())
})
afterAll(() => place.close())
beforeEach(() => {
  ;[printed, wrong] = [[], []]
  jest.spyOn(console, 'log').mockImplementation((text: unknown) => { printed.push(String(text)) })
  jest.spyOn(console, 'error').mockImplementation((text: unknown) => { wrong.push(String(text)) })
})
afterEach(() => { jest.restoreAllMocks() })

const iso = () => place.clock.at.toISOString()
const talk = { actor: () => 'anna' }
const env = () => ({ DATABASE_URL: place.url })
const ofStop = (...args: readonly string[]) => stop(args, env(), talk)
const ofRecall = (...args: readonly string[]) => recall(args, env(), talk)

test('a stop is pulled, listed with what waits by it, and lifted, in the name of the user', async () => {
  await place.upload({ documentId: 'C-1' })
  expect(await ofStop('--service', 'adult1', '--reason', 'wrong template')).toBe(0)
  const [pulled] = await place.ledger.stops()
  expect(pulled).toMatchObject({ scope: 'service', value: 'adult1', actor: 'anna (command)', reason: 'wrong template' })
  expect([printed, wrong]).toEqual([[`Stopped: deliveries of the service adult1. Lift it with npx openletter stop lift ${pulled!.id} --reason TEXT`], []])
  expect(await ofStop('list')).toBe(0)
  expect(printed[1]).toMatch(new RegExp(`^${pulled!.id}  deliveries of the service adult1, by anna \\(command\\) on .*: wrong template \\(1 waiting\\)$`, 'u'))
  expect(await ofStop('list', '--json')).toBe(0)
  expect(JSON.parse(printed[2]!)).toMatchObject({ stops: [{ id: pulled!.id, deliveries: 1 }] })
  expect(await ofStop('--service', 'ADULT1', '--reason', 'once more')).toBe(1)
  expect(await ofStop('lift', pulled!.id, '--reason', 'mended')).toBe(0)
  expect(await place.ledger.stops({ lifted: true })).toMatchObject([{ lifted: { actor: 'anna (command)', reason: 'mended' } }])
  expect(await ofStop('lift', pulled!.id, '--reason', 'mended')).toBe(1)
})

test('a stop that names what the policy does not know is pulled, and the warning says what is known', async () => {
  expect(await ofStop('--directorate', 'newhma', '--reason', 'a slip')).toBe(0)
  expect(wrong).toEqual([expect.stringContaining('WARNING: The policy knows no directorate newhma, so this stop may hold nothing. Known are: newham,')])
  const [pulled] = await place.ledger.stops()
  await ofStop('lift', pulled!.id, '--reason', 'a slip')
})

test.each([
  [['--reason', 'wrong template']], [['--all']], [['--all', '--reason', 'x']], [['--all', '--code', 'CLIN', '--reason', 'two at once']], [['--code', ' ', '--reason', 'which one']],
  [['lift', '--reason', 'which one']], [['list', '--all']], [['pull', '--all', '--reason', 'no such word']], [['--all', '--reason', 'for 999 000 0018']], [['--everything']],
])('%j is answered with how to call it, and stops nothing', async (args) => {
  expect(await ofStop(...args)).toBe(2)
  expect(wrong[0]).toContain('Usage: npx openletter stop')
  expect(await place.ledger.stops()).toEqual([])
})

test('a letter is taken back by the id that RiO gave it, and let go again under the policy in force', async () => {
  const { id } = await place.upload({ documentId: 'C-2' })
  await work(place, id, 'pkb')
  expect(await ofRecall('C-2', '--reason', 'it names another patient')).toBe(0)
  expect(printed).toEqual(['C-2 is held: nothing more of it goes to the patient.', 'pkb: a copy stands or may stand, and is being taken back.'])
  const held = (await place.ledger.story(id))!
  expect([held.state, held.rule, held.decision.policy]).toEqual(['recalling', 'held', place.policy.hash])
  expect(held.events.find(({ kind }) => kind === 'held')).toMatchObject({ actor: 'anna (command)', detail: { reason: 'it names another patient' } })
  expect(await ofRecall(id, '--reason', 'once more')).toBe(1)
  await work(place, id, 'pkb')
  expect(await ofRecall(id, '--lift', '--reason', 'it was right')).toBe(0)
  expect([(await place.ledger.story(id))?.route, printed.at(-1)]).toEqual(['pkb', 'The hold on C-2 was lifted. It was decided again: pkb, by the rule to-pkb.'])
  expect(await ofRecall(id, '--lift', '--reason', 'once more')).toBe(1)
})

test.each([[[], 2], [['C-2'], 2], [['C-2', '--reason', ' '], 2], [['C-2', 'C-1', '--reason', 'two at once'], 2], [['C-99', '--reason', 'not there'], 1]])('recall %j ends with %i and takes nothing back', async (args, code) => {
  expect(await ofRecall(...args)).toBe(code)
  expect(wrong).toHaveLength(1)
  expect((await place.ledger.recallCounts()).open).toBe(0)
})
