// Which documents a person's stop holds, and whether the policy knows what it names. Pure. It refuses to let go what it
// cannot judge: a document without a team is held by every stop of a service or a directorate.
import type { Policy } from '../policy/policy.ts'

export const STOP_SCOPES = ['all', 'directorate', 'service', 'code'] as const
export type StopScope = (typeof STOP_SCOPES)[number]
/** `value` is empty for `all`. */
export type StopOn = { readonly scope: StopScope; readonly value: string }
/** What of a document a stop looks at: the team as RiO writes it, and every code of its names. */
export type Stoppable = { readonly team?: string; readonly codes: readonly string[] }

const folded = (text: string): string => text.trim().toUpperCase()

export const holds = ({ scope, value }: StopOn, { team, codes }: Stoppable, services: Policy['services']): boolean => {
  const same = (text: string | undefined): boolean => text === undefined || folded(text) === folded(value)
  const name = team?.trim()
  switch (scope) {
    case 'all':
      return true
    case 'service':
      return same(name)
    case 'directorate':
      return same(name !== undefined && Object.hasOwn(services, name) ? services[name]?.directorate : undefined)
    case 'code':
      return codes.some(same)
  }
}

type Known = Pick<Policy, 'services' | 'directorates' | 'codes'>

const KNOWN = {
  directorate: ({ directorates }) => Object.keys(directorates),
  service: ({ services }) => Object.keys(services),
  code: ({ codes }) => Object.keys(codes),
} as const satisfies Record<Exclude<StopScope, 'all'>, (known: Known) => readonly string[]>

/** A warning about a stop that holds nothing that the policy knows: a slip of the pen must not pass for a stop. */
export const unknownStop = ({ scope, value }: StopOn, policy: Known): string | undefined => {
  if (scope === 'all') return undefined
  const known = KNOWN[scope](policy)
  if (known.some((name) => folded(name) === folded(value))) return undefined
  return `The policy knows no ${scope} ${value.trim()}, so this stop may hold nothing. Known are: ${known.join(', ')}.`
}

const NAMES = { directorate: 'the directorate', service: 'the service', code: 'the code' } as const satisfies Record<Exclude<StopScope, 'all'>, string>

/** `all deliveries to patients`, `deliveries of the code CLIN`. */
export const stopInWords = ({ scope, value }: StopOn): string => (scope === 'all' ? 'all deliveries to patients' : `deliveries of ${NAMES[scope]} ${value}`)
