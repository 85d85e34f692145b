// An upload as RiO would post it: a letter that goes to Ada Example's record, with overrides. `undefined` takes a field away.
type Fields = { readonly [field: string]: unknown }
export type UploadOverrides = Fields & { readonly patient?: Fields }

export const anUpload = (overrides: UploadOverrides = {}): Fields => {
  const { patient, ...rest } = overrides
  return JSON.parse(JSON.stringify({
    documentId: 'RIO-1000123', event: 'created', documentType: 'MH share with patient', name: 'CLIN Clinic letter.pdf', status: 'final',
    documentDate: '2026-11-20T09:00:00Z', uploadedAt: '2026-11-20T11:02:10Z', team: 'ADULT1', author: { name: 'Dr Example', organisation: 'RWK' }, uploadedBy: 'admin42',
    ...rest,
    patient: {
      nhsNumber: '9990000018', nhsNumberStatus: '01', clientId: 'C123', family: 'Example', given: 'Ada', birthDate: '1970-01-01', deceased: false, restricted: false,
      address: { lines: ['1 High Street', 'London'], postcode: 'E1 4AA' }, ...patient,
    },
  })) as Fields
}
