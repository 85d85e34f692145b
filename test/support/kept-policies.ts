// A ledger that keeps policies of a folder, each as it was when it was put in force, and the desk that reads them.
import { keptPolicies } from '../../src/engine/kept-policies.ts'
import { keptFiles, readBelow, type KeptFiles } from '../../src/policy/files.ts'
import { loadFiles } from '../../src/policy/load.ts'
import type { PolicyDesk } from '../../src/dashboard/channels/policy-parts.ts'
import { aLedger, type TestLedger } from './ledger.ts'
import { testEnvironment } from './policy.ts'
import { aPolicyFolder, type PolicyFolder } from './policy-folder.ts'

export type KeptPolicies = {
  readonly place: TestLedger
  readonly folder: PolicyFolder
  readonly policies: PolicyDesk
  /** Puts what the folder says in force, and says its hash; `files`: as they are kept. */
  inForce(at: string, files?: (kept: KeptFiles) => KeptFiles): Promise<string>
  close(): Promise<void>
}

export const aLedgerOfPolicies = async (): Promise<KeptPolicies> => {
  const [place, folder] = [await aLedger(), aPolicyFolder()]
  return {
    place, folder, policies: keptPolicies({ ledger: place.ledger, env: () => testEnvironment }),
    inForce: async (at, bend = (kept) => kept) => {
      const source = await readBelow(folder.path)
      const hash = loadFiles(source, testEnvironment).compiled!.hash
      await place.ledger.savePolicy({ hash, files: bend(keptFiles(source)) }, at)
      return hash
    },
    close: async () => { await place.close(); folder.remove() },
  }
}
