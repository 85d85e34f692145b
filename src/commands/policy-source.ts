// Which policy somebody means by a name: a folder that holds channels/ and mappings/, `in-force` for what the ledger
// says is in force, a revision of git, or the hash of a policy that the ledger keeps. It refuses to guess between them:
// a folder that holds a policy is a folder, and what git knows is a revision.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { short } from '../engine/explanation.ts'
import { isHashStart, keptCalled } from '../engine/kept-policies.ts'
import { Failure } from '../errors.ts'
import { FOLDERS, fromKept, readBelow, type PolicyFiles } from '../policy/files.ts'
import { readRevision } from '../policy/diff/from-git.ts'
import type { Environment } from '../settings.ts'
import { withLedger } from './ledger.ts'

export const IN_FORCE = 'in-force'

export const policySource = async (name: string, env: Environment): Promise<PolicyFiles> => {
  if (name === IN_FORCE) return inForce(env)
  const isFolder = await Promise.all(FOLDERS.map((folder) => stat(join(name, folder)).then((found) => found.isDirectory(), () => false)))
  if (isFolder.some(Boolean)) return readBelow(name)
  if (!isHashStart(name)) return readRevision(name, env)
  try {
    return await readRevision(name, env)
  } catch (failure) {
    if (failure instanceof Failure && failure.code === 'POLICY_NOT_FOUND') return kept(name, failure.detail, env)
    throw failure
  }
}

/** `otherwise`: what git said of it, which is told where the ledger knows no such policy either. */
const kept = async (name: string, otherwise: string, env: Environment): Promise<PolicyFiles> => {
  try {
    const { hash, files } = await withLedger(env, (ledger) => keptCalled(ledger, name))
    return fromKept(files, `policy ${short(hash)}:`)
  } catch (failure) {
    const known = failure instanceof Failure && failure.code === 'POLICY_NOT_FOUND'
    throw new Failure('POLICY_NOT_FOUND', `${otherwise} ${known ? failure.detail : 'Whether it is the hash of a policy that was in force cannot be seen: no ledger can be opened here.'}`, { cause: failure })
  }
}

const inForce = async (env: Environment): Promise<PolicyFiles> => {
  const last = await withLedger(env, (ledger) => ledger.policyInForce())
  if (!last) throw new Failure('POLICY_NOT_FOUND', 'No policy was ever in force in this ledger: no engine has been started on it.')
  return fromKept(last.files, `${IN_FORCE}:`)
}
