// A document in the ledger, explained under the policy on disk beside what is recorded, or as of an earlier moment
// under the policy that was in force then. It refuses to write anything, and to hide what the ledger no longer tells.
import { Failure } from '../errors.ts'
import type { KeptPolicy, Ledger, Story } from '../ledger/ledger.ts'
import { fromKept } from '../policy/files.ts'
import { loadFiles, type Loaded } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { printProblem } from '../policy/problem.ts'
import type { Environment } from '../settings.ts'
import { agreement, differences, reasonsFor, short, way, type Explanation } from '../engine/explanation.ts'

const DEFAULT_FRESH_HOURS = 24

// ---------------------------------------------------------------- which one

/** By the ledger's id or by the source's own. */
export const documentCalled = async (ledger: Ledger, name: string): Promise<string> => {
  if (await ledger.story(name)) return name.toLowerCase()
  const { documents } = await ledger.list({ sourceId: name, limit: 10 })
  if (documents.length > 1) throw new Failure('NOTHING_TO_EXPLAIN', `The ledger has ${documents.length} documents called ${name}: ${documents.map(({ id, source }) => `${id} of ${source}`).join(', ')}.`)
  if (!documents[0]) throw new Failure('NOTHING_TO_EXPLAIN', `There is no file ${name}, and the ledger has no document of that id.`)
  return documents[0].id
}

const receiptsOf = (story: Story, inForce: string): NonNullable<Explanation['receipts']> => story.receipts.map((one) => ({ ...one, inForce: one.id === inForce }))

// ---------------------------------------------------------------- now

export const explainDocument = async (ledger: Ledger, id: string, policy: Policy, files: Loaded['files']): Promise<Explanation> => {
  const [story, known, kept] = [await ledger.story(id), await ledger.known(id), await ledger.policyInForce()]
  if (!story || !known) throw new Failure('NOTHING_TO_EXPLAIN', `The ledger has no document ${id}.`)
  const { receipt, person, prior, source, sourceId, revision, identifier, deliveries, decision } = known
  const isInForce = kept === undefined || kept.hash === policy.hash
  const explained = reasonsFor({ receipt, policy, files, person, prior, standing: { identifier, revision, deliveries, recorded: decision } })
  return {
    about: { document: id, source, sourceId, revision, feed: receipt.feed, receipt: receipt.id },
    policy: { hash: policy.hash, from: 'disk', ...(isInForce ? {} : { inForce: kept.hash }) },
    ...explained,
    recorded: { decision, differences: explained.reasons ? differences(known, explained.reasons, isInForce) : ['the policy on disk cannot read its receipt; what is recorded stays until a policy can'] },
    receipts: receiptsOf(story, receipt.id),
    deliveries: deliveries.map(({ id: delivery, destination, state, standing, standingRevision }) => ({ id: delivery, destination, state, standing, ...(standingRevision === undefined ? {} : { standingRevision }) })),
  }
}

// ---------------------------------------------------------------- then

export type KeptLoaded = { readonly kept: KeptPolicy; readonly loaded: Loaded }

export const policyThen = async (ledger: Ledger, at: string, env: Environment): Promise<KeptLoaded> => {
  const kept = await ledger.policyAt(at)
  if (!kept) throw new Failure('NOTHING_TO_EXPLAIN', `No policy was in force at ${at}: the ledger begins later.`)
  return { kept, loaded: loadKept(kept, env) }
}

const loadKept = ({ hash, files }: KeptPolicy, env: Environment): Loaded => loadFiles(fromKept(files, `policy ${short(hash)}:`), env)

export const explainThen = async (ledger: Ledger, id: string, at: string, { kept, loaded }: KeptLoaded, env: Environment): Promise<Explanation> => {
  const { policy, problems, files } = loaded
  const [story, known] = [await ledger.story(id), await ledger.knownAt(id, at, policy?.destinations.pkb?.account_fresh_hours ?? DEFAULT_FRESH_HOURS)]
  if (!story || !known) throw new Failure('NOTHING_TO_EXPLAIN', `The document ${id} had not come by ${at}.`)
  const { receipt, person, prior, decided, rebuilt, unknown } = known
  const explained: Pick<Explanation, 'reasons' | 'refused' | 'unloadable'> = policy ? reasonsFor({ receipt, policy, files, person, prior }) : { unloadable: problems.map(printProblem) }
  const agrees = decided && agreement(decided, explained.reasons)
  return {
    about: { document: id, source: known.source, sourceId: known.sourceId, revision: known.revision, feed: receipt.feed, receipt: receipt.id },
    policy: { hash: kept.hash, from: 'ledger', since: kept.since },
    ...explained,
    receipts: receiptsOf(story, receipt.id).filter((one) => story.events.some((event) => event.at <= at && event.detail['receipt'] === one.id)),
    past: {
      at, rebuilt,
      unknown: [...unknown, 'what was owed and what stood at the destinations'],
      ...(decided ? { decided, agrees: agrees ?? false } : {}),
      notes: decided && agrees === false ? await whyNot(ledger, decided, { kept, loaded }, () => ({ receipt, person, prior }), env) : [],
      events: story.events.filter((event) => event.at <= at).map(({ seq, at: when, kind, actor }) => ({ seq, at: when, kind, actor })),
    },
  }
}

type Made = () => Pick<Parameters<typeof reasonsFor>[0], 'receipt' | 'person' | 'prior'>

/** The decision may be older than the policy: nobody decides a document anew because a policy came, unless something of it stands. */
const whyNot = async (ledger: Ledger, decided: NonNullable<NonNullable<Explanation['past']>['decided']>, { kept }: KeptLoaded, made: Made, env: Environment): Promise<readonly string[]> => {
  if (decided.policy === kept.hash) return ['it was decided under this very policy, so something of what was known then could not be rebuilt']
  const note = `it was decided under policy ${short(decided.policy)} on ${decided.at}; policy ${short(kept.hash)} came into force on ${kept.since}, and the document was not decided again until then`
  const older = await ledger.policyOf(decided.policy)
  const { policy, files } = older ? loadKept(older, env) : {}
  if (!policy || !files) return [note, `policy ${short(decided.policy)} cannot be loaded any more`]
  const { reasons } = reasonsFor({ ...made(), policy, files })
  if (!reasons) return [note, `policy ${short(decided.policy)} does not read the message`]
  return [note, `under policy ${short(decided.policy)} it comes out as ${way(reasons.decision)}, which ${agreement(decided, reasons) ? 'agrees' : 'does not agree'} with the log`]
}
