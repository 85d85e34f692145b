// `openletter recall`: a person takes a document back from the patient, with a reason, or lets it go again. It refuses to
// guess which document is meant, and to let one go under a policy that is not the one in force.
import { parseArgs } from 'node:util'
import { wrongReason } from '../dashboard/reason.ts'
import { stands } from '../decide/owed.ts'
import type { Ledger, Story } from '../ledger/ledger.ts'
import { withLedger } from './ledger.ts'
import { terminal, type Talk } from './replay-apply.ts'

export const USAGE = `Usage: npx openletter recall DOCUMENT --reason TEXT [--lift]

  DOCUMENT is the id that RiO gave it, or ours. It is held: nothing more of it is sent, and every copy that can be taken
  back is taken back, ahead of everything else, by the engine that runs. --lift lifts the hold: it is decided again.`

type Called = { readonly document: string; readonly reason: string; readonly lift: boolean }

export const recall = async (args: readonly string[], env: NodeJS.ProcessEnv, talk: Pick<Talk, 'actor'> = terminal): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  return withLedger(env, async (ledger) => {
    const story = await find(ledger, called.document)
    if (typeof story === 'string') { console.error(story); return 1 }
    return put(ledger, story, called, `${talk.actor()} (command)`)
  }, { policy: 'in-force' })
}

const OPTIONS = { reason: { type: 'string' }, lift: { type: 'boolean' } } as const

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { values: { reason, lift = false }, positionals: [document, ...more] } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true })
    if (document === undefined || more.length > 0) return 'Say which document: one.'
    const wrong = wrongReason(reason)
    return wrong === undefined ? { document, reason: reason!.trim(), lift } : `--reason: ${wrong}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const find = async (ledger: Ledger, id: string): Promise<Story | string> => {
  const ours = await ledger.story(id)
  if (ours) return ours
  const { documents } = await ledger.list({ sourceId: id, limit: 10 })
  if (documents.length > 1) return `${documents.length} documents have the id ${id}, of ${documents.map(({ source }) => source).join(' and ')}. Give our id: ${documents.map((one) => one.id).join(', ')}.`
  return (documents[0] && (await ledger.story(documents[0].id))) ?? `The ledger has no document ${id}.`
}

const put = async (ledger: Ledger, { id, sourceId, facts }: Story, { reason, lift }: Called, actor: string): Promise<number> => {
  if ((facts.hold === 'held') !== lift) { console.error(`Nothing was changed: ${sourceId} is ${lift ? 'not held' : 'held already'}.`); return 1 }
  await ledger[lift ? 'liftHold' : 'hold'](id, actor, reason, new Date().toISOString())
  const after = await ledger.story(id)
  const copies = after?.deliveries.filter(stands) ?? []
  if (lift) {
    console.log(`The hold on ${sourceId} was lifted. It was decided again: ${after?.decision.route ?? 'unknown'}, by the rule ${after?.decision.rule ?? 'unknown'}.`)
    return 0
  }
  console.log(`${sourceId} is held: nothing more of it goes to the patient.`)
  for (const { destination, state } of copies)
    console.log(`${destination}: ${state === 'printed' ? 'it was printed, and cannot be taken back. Ask the print house.' : 'a copy stands or may stand, and is being taken back.'}`)
  return 0
}
