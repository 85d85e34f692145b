// The patient of an HL7 message: every NHS number and trace status that it holds, and one address. It refuses to
// choose between numbers, and to mix two addresses.
import type { Hl7Mapping } from '../policy/schema.ts'
import type { Address, Found, Patient } from '../types.ts'
import { ownerOf, type Places } from './hl7-places.ts'
import { addressOf, given, isYes, trimmed } from './read.ts'
import { hl7Day, isoDay } from './time.ts'

export const hl7Patient = (mapping: Hl7Mapping, places: Places): Patient => {
  const { fields } = mapping
  const identifiers = identifiersOf(mapping, places)
  const born = places.first(fields.birth_date)
  const birthDate = born && (hl7Day(born.text) ?? isoDay(born.text))
  if (born && !birthDate) places.unusable(born, 'not a date')
  return {
    nhsNumbers: identifiers.nhsNumbers,
    traceStatuses: [...identifiers.statuses, ...places.all(mapping.nhs_number.trace_status)],
    deceased: places.all(fields.deceased).some((found) => isYes(found.text)),
    restricted: places.all(fields.restricted).some((found) => isYes(found.text)),
    formatNeeds: places.all(fields.format_needs),
    ...given({
      clientId: identifiers.clientId ?? trimmed(places.first(fields.client_id)),
      family: trimmed(places.first(fields.family)),
      given: trimmed(places.first(fields.given)),
      birthDate,
      address: address(mapping, places),
    }),
  }
}

type Identifiers = { readonly nhsNumbers: readonly Found[]; readonly statuses: readonly Found[]; readonly clientId?: string }

const STATUS = /\{\s*status\s*:\s*([^}]*?)\s*\}/iu

const identifiersOf = (mapping: Hl7Mapping, places: Places): Identifiers => {
  const nhsNumbers: Found[] = []
  const statuses: Found[] = []
  const clientIds = new Map<string, string>()
  for (const one of mapping.nhs_number.identifiers.flatMap((place) => places.repetitions(place))) {
    const parts = [1, 4, 5].map((component) => places.component(one, component))
    const [number, authority, type] = parts.map((found) => found?.text.replace(STATUS, '').trim() ?? '') as [string, string, string]
    if (same(authority.split('&')[0]!, mapping.nhs_number.authority) || same(type, mapping.nhs_number.type)) {
      if (number !== '') nhsNumbers.push({ text: number, at: `${one.at}.1` })
      for (const found of parts) {
        const status = found && STATUS.exec(found.text)?.[1]
        if (found && status) statuses.push({ text: status, at: found.at })
      }
    } else if (number !== '') {
      const wanted = mapping.client_id_type.find((client) => same(type, client))
      if (wanted && !clientIds.has(wanted)) clientIds.set(wanted, number)
    }
  }
  const clientId = mapping.client_id_type.map((type) => clientIds.get(type)).find((id) => id !== undefined)
  return { nhsNumbers, statuses, ...(clientId ? { clientId } : {}) }
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const address = ({ fields }: Hl7Mapping, places: Places): Address | undefined =>
  addressOf(places.all(fields.address_lines), places.all(fields.postcode), ownerOf)
