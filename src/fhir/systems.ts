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

// ---------------------------------------------------------------- audit and provenance

export const DCM = 'http://dicom.nema.org/resources/ontology/DCM'
export const ISO_LIFECYCLE = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle'
export const BALP_DISCLOSURE_AT_SOURCE = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PrivacyDisclosure.Source'
export const BALP_PATIENT_READ = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.PatientRead'
export const AUDIT_EVENT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type'
export const RESTFUL_INTERACTION = 'http://hl7.org/fhir/restful-interaction'
export const AUDIT_ENTITY_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-entity-type'
export const OBJECT_ROLE = 'http://terminology.hl7.org/CodeSystem/object-role'
export const SECURITY_SOURCE_TYPE = 'http://terminology.hl7.org/CodeSystem/security-source-type'
export const PARTICIPANT_TYPE = 'http://terminology.hl7.org/CodeSystem/provenance-participant-type'
export const DATA_OPERATION = 'http://terminology.hl7.org/CodeSystem/v3-DataOperation'
/** The kind of an entry of the log of events: `held`, `attempt-ended`. */
export const AUDIT_KIND = 'urn:openletter:audit-kind'
/** What an exchange was for: `create`, `recall`. */
export const ATTEMPT_ACTION = 'urn:openletter:attempt-action'
/** Codes of docs/errors.md. */
export const ERROR_CODE = 'urn:openletter:error'
export const RECEIPT = 'urn:openletter:receipt'
export const STOP = 'urn:openletter:stop'
export const POLICY = 'urn:openletter:policy'
/** The systems that take part, by the names that channels and mappings give them: `openletter`, `pkb`, `rio`. */
export const SYSTEM = 'urn:openletter:system'
