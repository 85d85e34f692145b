// An MDM message whose fields can be set one by one: `{ 'TXA-12': 'RIO-1', 'PID-30': 'Y' }`. Undefined takes a segment
// away (`{ PID: undefined }`).
type Fields = { readonly [place: string]: string | undefined }

const USUAL: Fields = {
  'MSH-2': '^~\\&', 'MSH-3': 'RIO', 'MSH-4': 'RWK', 'MSH-5': 'OPENLETTER', 'MSH-6': 'RWK', 'MSH-7': '20261120110300', 'MSH-9': 'MDM^T02^MDM_T02', 'MSH-10': 'M1', 'MSH-11': 'P', 'MSH-12': '2.4',
  'EVN-1': 'T02', 'EVN-2': '20261120110210',
  'PID-1': '1', 'PID-3': '9990000018^^^NHS^NH~C101^^^RWK^PI', 'PID-5': 'Example^Ada', 'PID-7': '19700101', 'PID-11': '1 High Street^^London^^E1 4AA', 'PID-32': '01',
  'PV1-1': '1', 'PV1-3': 'ADULT1',
  'TXA-1': '1', 'TXA-2': '^MH share with patient', 'TXA-6': '20261120103000', 'TXA-9': 'C1^Example^Dora^^^Dr^^^GMC^^^^^RWK', 'TXA-12': 'RIO-1', 'TXA-16': 'CLIN Clinic letter.pdf', 'TXA-17': 'AU', 'TXA-25': 'CLIN Clinic letter',
  'OBX-1': '1', 'OBX-2': 'ED', 'OBX-3': 'PDF^Document', 'OBX-5': '^AP^PDF^Base64^JVBERi0xLjcK', 'OBX-11': 'F',
}

/** `more`: segments behind the usual ones, as text. */
export const mdm = (fields: Fields = {}, more: readonly string[] = [], ends = '\r'): string => {
  const all = { ...USUAL, ...fields }
  const segments = new Map<string, string[]>()
  for (const [place, value] of Object.entries(all)) {
    const [name, number] = place.split('-') as [string, string | undefined]
    if (number === undefined || (name in fields && fields[name] === undefined)) continue
    const segment = segments.get(name) ?? [name]
    const at = Number(number) - (name === 'MSH' ? 1 : 0)
    while (segment.length <= at) segment.push('')
    segment[at] = value ?? ''
    segments.set(name, segment)
  }
  return [...[...segments.values()].map((segment) => segment.join('|')), ...more].map((segment) => segment + ends).join('')
}
