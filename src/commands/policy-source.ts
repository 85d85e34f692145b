// Which policy somebody means by a name: a folder that holds channels/ and mappings/, `in-force` for what the ledger
// says is in force, or a revision of git. It refuses to guess between them: a folder that holds a policy is a folder.
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../errors.ts'
import { FOLDERS, fromKept, readBelow, type PolicyFiles } from '../policy/files.ts'
import { readRevision } from '../policy/diff/from-git.ts'
import type { Environment } from '../settings.ts'
import { withLedger } from './ledger.ts'

export const IN_FORCE = 'in-force'

export const policySource = async (name: string, env: Environment): Promise<PolicyFiles> => {
  if (name === IN_FORCE) return inForce(env)
  const isFolder = await Promise.all(FOLDERS.map((folder) => stat(join(name, folder)).then((found) => found.isDirectory(), () => false)))
  return isFolder.some(Boolean) ? readBelow(name) : readRevision(name, env)
}

const inForce = async (env: Environment): Promise<PolicyFiles> => {
  const kept = await withLedger(env, (ledger) => ledger.policyInForce())
  if (!kept) throw new Failure('POLICY_NOT_FOUND', 'No policy was ever in force in this ledger: no engine has been started on it.')
  return fromKept(kept.files, `${IN_FORCE}:`)
}
