// The policy in force, and the one way to another: read whole, linted, proved, tested, made ready, written into the
// ledger, and only then in force. Whatever fails on the way, the policy in force stays, and the refusal stands until the
// files are good again. It refuses to look at two policies at once.
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import type { Proof } from '../decide/proof.ts'
import { asFailure, Failure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import type { Say } from '../observe/events.ts'
import { keptFiles, readFolders, type KeptFiles } from '../policy/files.ts'
import { loadFiles, type Loaded } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import type { PolicyProblem } from '../policy/problem.ts'
import { readSetting, type Environment } from '../settings.ts'
import { tested } from './channel-tests.ts'
import type { Change } from './change.ts'

/** A policy that was read, linted and proved. */
export type Accepted = { readonly policy: Policy; readonly proof: Proof; readonly files: KeptFiles }
export type InForce = Accepted & {
  /** ISO instant. */
  readonly since: string
  /** Its tests that fail because their documents stay in. */
  readonly keptIn: readonly PolicyProblem[]
}
export type RefusedPolicy = { /** ISO instant. */ readonly at: string; readonly problems: readonly PolicyProblem[] }
export type Reloaded = 'taken' | 'unchanged' | 'refused'

export type PolicyHolder = {
  now(): InForce
  refused(): RefusedPolicy | undefined
  /** Looks at the files; where that is under way, again after it. `only`: leaves them where they say anything but this policy. Never rejects. */
  reload(only?: string): Promise<Reloaded>
  close(): Promise<void>
}

export type PolicyHolderParts = {
  readonly first: InForce
  /** As it is at the moment: a token may stand in a file. */
  readonly env: () => Environment
  readonly ledger: Pick<Ledger, 'savePolicy' | 'lookAgain'>
  /** What goes over to another policy, in this order. */
  readonly parts: readonly { change(policy: Policy): Promise<Change> }[]
  readonly say: Say
  readonly now: () => Date
  /** Another policy is in force. */
  readonly onTaken: () => void
}

const LOOK_AGAIN_MS = 5000
const READ_WITHIN_MS = 15_000
const CLOSE_WITHIN_MS = 10_000

/** A file server that does not answer must not keep everything that comes later from being looked at. */
const inTime = async <T>(reading: Promise<T>): Promise<T> => {
  const patience = new AbortController()
  const late = delay(READ_WITHIN_MS, undefined, patience).then(() => { throw new Failure('SETTING_INVALID', `They could not be read within ${READ_WITHIN_MS / 1000} s. Save a file again or send SIGHUP when they can be.`) })
  try {
    return await Promise.race([reading, late])
  } finally {
    late.catch(() => undefined)
    patience.abort()
  }
}

export const holdPolicy = ({ first, env, ledger, parts, say, now, onTaken }: PolicyHolderParts): PolicyHolder => {
  let inForce = first
  let under = env()
  let refused: RefusedPolicy | undefined
  let running: Promise<Reloaded> | undefined
  let next: Promise<Reloaded> | undefined
  /** What the next look may take; undefined: whatever the files say. */
  let nextOnly: readonly string[] | undefined
  let closed = false
  let retry: NodeJS.Timeout | undefined

  const failed = (error: unknown): void => {
    const { code, detail } = asFailure(error)
    say('part_failed', { part: 'reload', code, detail })
  }

  /** What has no place in a file: the folder of the channels stands for the whole. */
  const nowhere = (message: string): readonly PolicyProblem[] => [{ file: readSetting('CHANNELS_DIR', under)!, line: 1, col: 1, path: '', message }]

  const refuse = (problems: readonly PolicyProblem[]): Reloaded => {
    refused = { at: now().toISOString(), problems }
    const [one] = problems
    say('policy_refused', { problems: problems.length, ...(one ? { place: `${one.file}:${one.line}:${one.col}` } : {}) })
    return 'refused'
  }
  const unchanged = async (): Promise<Reloaded> => {
    // A feed that could not be brought back after a refusal has another chance.
    const made = await makeReady(parts, inForce.policy)
    if (made.ok) await made.commit()
    if (refused) say('policy_restored', { policy: inForce.policy.hash })
    refused = undefined
    return 'unchanged'
  }

  const take = async (loaded: Loaded, { policy, proof, files }: Accepted, keptIn: readonly PolicyProblem[], settings: Environment): Promise<Reloaded> => {
    const made = await makeReady(parts, policy)
    if (!made.ok) return refuse([{ ...loaded.placeIn(made.channel, [policy.feeds[made.channel]?.type === 'folder' ? 'folder' : 'port']), path: '', message: `${made.failure.detail} ${made.failure.hint}` }])
    try {
      await ledger.savePolicy({ hash: policy.hash, files }, now().toISOString())
    } catch (error) {
      await made.undo()
      return refuse(nowhere(`the policy could not be written into the ledger (${asFailure(error).code}): when the ledger is back, save a file again or send SIGHUP`))
    }
    inForce = { policy, proof, files, keptIn, since: policy.hash === inForce.policy.hash ? inForce.since : now().toISOString() }
    under = settings
    refused = undefined
    say('policy_loaded', { policy: policy.hash, combinations: proof.combinations, classes: proof.walked })
    if (keptIn.length > 0) say('policy_keeps_in', { policy: policy.hash, tests: keptIn.length })
    onTaken()
    await made.commit().catch(failed)
    await lookAgain()
    return 'taken'
  }

  /** Once more: what a worker looked at between the writing and now, it looked at under the policy before. */
  const lookAgain = async (): Promise<void> => {
    try {
      await ledger.lookAgain(now().toISOString())
    } catch (error) {
      failed(error)
      if (!closed) retry = setTimeout(() => void lookAgain(), LOOK_AGAIN_MS)
    }
  }

  const look = async (only: readonly string[] | undefined): Promise<Reloaded> => {
    const settings = env()
    const source = await inTime(readFolders(settings))
    if (source.problems.length === 0 && isDeepStrictEqual([keptFiles(source), settings], [inForce.files, under])) return unchanged()
    const loaded = loadFiles(source, settings)
    const { policy, proof, files, problems } = loaded
    if (!policy || !proof) return refuse(problems)
    if (only && !only.includes(policy.hash)) return 'unchanged'
    const { blocking, keptIn } = policy.hash === inForce.policy.hash ? { blocking: [], keptIn: inForce.keptIn } : await tested(loaded, settings)
    return blocking.length > 0 ? refuse(blocking) : take(loaded, { policy, proof, files }, keptIn, settings)
  }

  const start = (only?: readonly string[]): Promise<Reloaded> => {
    running = look(only).catch((error: unknown) => {
      const { code, detail } = error instanceof Failure ? error : { code: (error as NodeJS.ErrnoException).code ?? 'unknown', detail: 'The engine must be able to read every file in them, and to write to the folder for temporary files.' }
      return refuse(nowhere(`channels and mappings could not be looked at (${code}): ${detail}`))
    }).finally(() => { running = undefined })
    return running
  }

  return {
    now: () => inForce,
    refused: () => refused,
    reload: (hash) => {
      const only = hash === undefined ? undefined : [hash]
      if (closed) return Promise.resolve('unchanged')
      if (!running) return start(only)
      nextOnly = next ? either(nextOnly, only) : only
      next ??= running.then(() => { next = undefined; return closed ? 'unchanged' : start(nextOnly) })
      return next
    },
    close: async () => {
      closed = true
      clearTimeout(retry)
      // What a file server does not answer must not keep the engine from stopping.
      await Promise.race([next ?? running, delay(CLOSE_WITHIN_MS, undefined, { ref: false })])
    },
  }
}

/** What either of two looks may take; where one may take anything, that is anything. */
const either = (one: readonly string[] | undefined, other: readonly string[] | undefined): readonly string[] | undefined => one && other && [...one, ...other]

type MadeReady = { readonly ok: true; commit(): Promise<void>; undo(): Promise<void> } | (Change & { readonly ok: false })

/** Every part, or none. */
const makeReady = async (parts: PolicyHolderParts['parts'], policy: Policy): Promise<MadeReady> => {
  const made: (Change & { readonly ok: true })[] = []
  const undo = async (): Promise<void> => { for (const one of made.toReversed()) await one.undo() }
  for (const part of parts) {
    // A part that goes wrong must not leave the others waiting for an end.
    const change = await part.change(policy).catch(async (error: unknown) => { await undo(); throw error })
    if (!change.ok) { await undo(); return change }
    made.push(change)
  }
  return { ok: true, undo, commit: async () => { for (const one of made) await one.commit() } }
}
