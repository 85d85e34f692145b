// The addresses that a PKB channel names, and which of them are in use: those of the accounts always, of the two
// transports only the one that is chosen. It refuses to ask anybody: it looks at what the file says.
import type { PkbDestination } from './schema.ts'

export type PkbAddress = { readonly path: readonly [block: 'fhir' | 'facade' | 'hl7_soap', key: 'base_url' | 'token_url' | 'url']; readonly url: string; readonly inUse: boolean }

export const addressesOf = ({ transport, fhir, facade, hl7_soap: hl7 }: PkbDestination): readonly PkbAddress[] => [
  { path: ['fhir', 'base_url'], url: fhir.base_url, inUse: transport === 'fhir' },
  { path: ['fhir', 'token_url'], url: fhir.token_url, inUse: transport === 'fhir' },
  { path: ['hl7_soap', 'url'], url: hl7.url, inUse: transport === 'hl7-soap' },
  { path: ['facade', 'base_url'], url: facade.base_url, inUse: true },
  { path: ['facade', 'token_url'], url: facade.token_url, inUse: true },
]

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])$/u

/** PKB is never on this machine; the sandbox is nowhere else. */
export const isSandbox = (url: string): boolean => URL.canParse(url) && LOOPBACK.test(new URL(url).hostname)
