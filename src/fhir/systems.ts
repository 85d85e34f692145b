// The name spaces of everything that Openletter writes into FHIR: NHS and HL7 ones as published, its own as URNs.
// It holds names only; which value goes where is said in the files that use them.

export const NHS_NUMBER = 'https://fhir.nhs.uk/Id/nhs-number'
export const ODS = 'https://fhir.nhs.uk/Id/ods-organization-code'
export const SNOMED = 'http://snomed.info/sct'
export const UKCORE_DOCUMENT_REFERENCE = 'https://fhir.hl7.org.uk/StructureDefinition/UKCore-DocumentReference'
export const VERIFICATION_STATUS_EXTENSION = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-NHSNumberVerificationStatus'
export const VERIFICATION_STATUS = 'https://fhir.hl7.org.uk/CodeSystem/UKCore-NHSNumberVerificationStatusEngland'
export const DOCUMENT_FORMAT = 'https://fhir.nhs.uk/England/CodeSystem/England-NRLFormatCode'

/** An identifier whose value is itself a URI. */
export const URI = 'urn:ietf:rfc:3986'
/** `<identifier>/<revision>`: one revision of one document. */
export const REVISION = 'urn:openletter:document-revision'
/** The 4-letter code that opens a document's name. */
export const DOCUMENT_CODE = 'urn:openletter:rio-document-code'
/** The picklist text, as it stood in the message. */
export const DOCUMENT_TYPE = 'urn:openletter:rio-document-type'
/** The source system's own document ids. */
export const documentIds = (source: string): string => `urn:openletter:${source}:document`
/** The source system's own patient ids. */
export const clientIds = (source: string): string => `urn:openletter:${source}:client`
