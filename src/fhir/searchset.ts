// What a search found, as a FHIR Bundle. It refuses to count what it does not show: there is no total.
import type { Bundle, Resource } from '@medplum/fhirtypes'

/** Links are relative to /fhir, whatever name or proxy the request came by. */
export const searchset = (type: string, resources: readonly Resource[], links: { readonly self: string; readonly next?: string }): Bundle => ({
  resourceType: 'Bundle',
  type: 'searchset',
  link: [{ relation: 'self', url: links.self }, ...(links.next === undefined ? [] : [{ relation: 'next', url: links.next }])],
  ...(resources.length > 0 ? { entry: resources.map((resource) => ({ fullUrl: `${type}/${resource.id}`, resource, search: { mode: 'match' as const } })) } : {}),
})
