// The way of a command to the ledger: that of DATABASE_URL, or of the embedded PostgreSQL below DATA_DIR, whether an
// engine runs on it or not. It refuses to make or migrate a database, and to touch what an engine that runs needs.
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Failure } from '../errors.ts'
import { connect } from '../ledger/database.ts'
import { visitEmbedded } from '../ledger/embedded/visit.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { expectMigrated } from '../ledger/migrate.ts'
import { openLedger } from '../ledger/open.ts'
import { policyInForce } from '../ledger/policies.ts'
import { makeSay } from '../observe/say.ts'
import { plan } from '../plan.ts'
import { fromKept } from '../policy/files.ts'
import { loadFiles, loadPolicy } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { logLevel, readSetting, type Environment } from '../settings.ts'
import { checkable } from './environment.ts'

const MOST_CONNECTIONS = 6
const FRESH_HOURS = 24

/**
 * Opens the ledger for `work` and closes everything after it, also where a signal ends it. Whatever `work` changes is
 * planned under `policy`: the one on disk where none is given, or the one that the ledger says is in force. Nothing is
 * written that `work` does not ask for.
 */
export const withLedger = async <T>(env: Environment, work: (ledger: Ledger) => Promise<T>, { policy }: { readonly policy?: Policy | 'in-force' } = {}): Promise<T> => {
  const planning = policy ?? (await loadPolicy(checkable(env))).policy
  const database = await databaseOf(env)
  try {
    return await untilSignal((interrupted) => withPool(database.url, env, planning, (ledger) => Promise.race([work(ledger), interrupted])))
  } finally {
    await database.stop()
  }
}

const databaseOf = async (env: Environment): Promise<{ readonly url: string; stop(): Promise<void> }> => {
  const url = readSetting('DATABASE_URL', env)
  return url === undefined ? visitEmbedded(readSetting('DATA_DIR', env)!) : { url, stop: async () => undefined }
}

const withPool = async <T>(url: string, env: Environment, planning: Policy | 'in-force' | undefined, work: (ledger: Ledger) => Promise<T>): Promise<T> => {
  const { say } = makeSay({ level: logLevel(env) === 'debug' ? 'debug' : 'warn' })
  const pool = connect(url, { max: MOST_CONNECTIONS, say })
  try {
    await expectMigrated(pool)
    const policy = planning === 'in-force' ? inForceOf(await policyInForce(pool), env) : planning
    const ledger = await openLedger({
      pool, now: () => new Date(), newId: randomUUID, say, visits: true, accountFreshHours: policy?.destinations.pkb?.account_fresh_hours ?? FRESH_HOURS,
      plan: (receipt, person, prior) => {
        if (!policy) throw new Failure('POLICY_INVALID', 'Nothing can be planned under channels and mappings that have problems.')
        const planned = plan(receipt, policy, person, prior)
        if (!planned.ok) throw new Failure('INTERNAL', `A receipt that was parsed once is refused under this policy: ${planned.refusal.code}.`)
        return planned.plan
      },
    })
    return await work(ledger).finally(() => ledger.close())
  } finally {
    await pool.end()
  }
}

/** Undefined where there was none yet, or where this version or these settings can make nothing of it. */
const inForceOf = (kept: { readonly files: Readonly<Record<string, string>> } | undefined, env: Environment): Policy | undefined =>
  kept && loadFiles(fromKept(kept.files, 'in-force:'), checkable(env)).policy

const SIGNALS = ['SIGINT', 'SIGTERM'] as const

/** A signal ends the work where it is; what is open is closed in order all the same, and the command ends as it would have. */
const untilSignal = async <T>(run: (interrupted: Promise<never>) => Promise<T>): Promise<T> => {
  const over = new AbortController()
  const interrupted = Promise.race(SIGNALS.map(async (name) => { await once(process, name, over); throw new Failure('INTERRUPTED', `It was told to by ${name}.`) }))
  interrupted.catch(() => undefined)
  try {
    return await run(interrupted as Promise<never>)
  } finally {
    over.abort()
  }
}
