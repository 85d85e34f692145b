// Which security labels a decision puts on a document, and what each label is in FHIR. It refuses to put a label on
// a document for the patient that says the patient must not see it.
import type { Coding } from '@medplum/fhirtypes'
import type { Facts, RuleRoute } from '../types.ts'

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality'
const ACT_CODE = 'http://terminology.hl7.org/CodeSystem/v3-ActCode'
export const PKB_PRIVACY_LABEL = 'http://fhir.patientsknowbest.com/codesystem/privacy-label'
export const SHARING = 'urn:openletter:sharing'

/** Displays as HL7 publishes them (THO v3-Confidentiality 5.0.0, v3-ActCode 11.0.0). */
export const LABELS = {
  R: { system: CONFIDENTIALITY, code: 'R', display: 'restricted' },
  V: { system: CONFIDENTIALITY, code: 'V', display: 'very restricted' },
  MH: { system: ACT_CODE, code: 'MH', display: 'mental health information sensitivity' },
  NOPAT: { system: ACT_CODE, code: 'NOPAT', display: "no disclosure to patient, family or caregivers without attending provider's authorization" },
  NOORGPOL: { system: ACT_CODE, code: 'NOORGPOL', display: 'no disclosure without organizational authorization' },
  ORCON: { system: ACT_CODE, code: 'ORCON', display: 'no disclosure without originator authorization' },
  MENTAL_HEALTH: { system: PKB_PRIVACY_LABEL, code: 'MENTAL_HEALTH', display: 'Mental Health' },
  share: { system: SHARING, code: 'share', display: 'Shared with the patient' },
  released: { system: SHARING, code: 'released', display: 'Released to the patient by a person' },
  withhold: { system: SHARING, code: 'withhold', display: 'Not shared with the patient' },
  undecided: { system: SHARING, code: 'undecided', display: 'Not shared with the patient until a person has decided' },
} as const satisfies Record<string, Coding>
export type Label = keyof typeof LABELS

/** Several situations: the union, with the highest confidentiality. */
export const labelsFor = (route: RuleRoute | 'observe', facts: Facts): readonly Label[] => {
  if (route === 'pkb' || route === 'print') return ['R', 'MH', 'MENTAL_HEALTH', facts.release === 'none' ? 'share' : 'released']
  return [
    'V',
    'MH',
    'NOPAT',
    ...(facts.code === 'blocked' ? (['NOORGPOL'] as const) : []),
    ...(facts.producer === 'external' ? (['ORCON'] as const) : []),
    route === 'withhold' ? 'withhold' : 'undecided',
  ]
}

export const codings = (labels: readonly string[]): readonly Coding[] =>
  labels.flatMap((label) => (Object.hasOwn(LABELS, label) ? [LABELS[label as Label]] : []))
