// What a search found, as a FHIR Bundle. It refuses to count what it does not show: there is no total.
import type { Bundle, Resource } from '@medplum/fhirtypes'

/** `base`: the absolute address of /fhir, which FHIR wants before every full address; clients do not follow a link without it. */
export const searchset = (base: string, type: string, resources: readonly Resource[], links: { readonly self: string; readonly next?: string }): Bundle => ({
  resourceType: 'Bundle',
  type: 'searchset',
  link: [{ relation: 'self', url: `${base}/${links.self}` }, ...(links.next === undefined ? [] : [{ relation: 'next', url: `${base}/${links.next}` }])],
  ...(resources.length > 0 ? { entry: resources.map((resource) => ({ fullUrl: `${base}/${type}/${resource.id}`, resource, search: { mode: 'match' as const } })) } : {}),
})
