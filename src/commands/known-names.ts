// Whether anybody knows the names that a report is narrowed to. It refuses a name that neither the ledger nor a policy
// has: a report on nothing would read as an all-clear.
import { ENGINE_RULES } from '../dashboard/words.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { fromKept } from '../policy/files.ts'
import { loadFiles } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { didYouMean } from '../policy/read/nearest.ts'
import type { Environment } from '../settings.ts'
import { checkable } from './environment.ts'

type Narrowed = { readonly directorate?: string; readonly rule?: string }

const NAMES = {
  directorate: ({ directorates }: Policy): readonly string[] => Object.keys(directorates),
  rule: ({ rules }: Policy): readonly string[] => [...rules.map(({ name }) => name), ...ENGINE_RULES],
} as const satisfies Record<keyof Narrowed, unknown>

/** What is wrong with the names; undefined: nothing. */
export const unknownName = async (ledger: Pick<Ledger, 'list' | 'policyInForce'>, policy: Policy, narrowed: Narrowed, env: Environment): Promise<string | undefined> => {
  for (const kind of ['directorate', 'rule'] as const) {
    const name = narrowed[kind]
    if (name === undefined || NAMES[kind](policy).includes(name)) continue
    if ((await ledger.list({ [kind]: name, limit: 1 })).documents.length > 0) continue
    const kept = await ledger.policyInForce()
    const inForce = kept && loadFiles(fromKept(kept.files, 'in-force:'), checkable(env)).compiled
    const names = [...new Set([policy, ...(inForce ? [inForce] : [])].flatMap(NAMES[kind]))]
    if (!names.includes(name)) return `Neither the ledger nor the policy has a ${kind} ${name}: ${didYouMean(name, names, `there are ${names.join(', ')}`)}`
  }
  return undefined
}

/** `of the directorate newham, decided by the rule to-pkb`; empty where a report is of all. */
export const narrowedInWords = ({ directorate, rule }: Narrowed): string =>
  [...(directorate === undefined ? [] : [`of the directorate ${directorate}`]), ...(rule === undefined ? [] : [`decided by the rule ${rule}`])].join(' and ')
