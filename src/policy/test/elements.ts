// Which elements a DocumentReference has, and whether an expression asks for any other: `null` is expected of a misspelt
// path as of an empty one, so that a test of it could not fail. It refuses to evaluate anything.
import { AsAtom, DotAtom, FunctionAtom, IndexerAtom, InfixOperatorAtom, IsAtom, PrefixOperatorAtom, SymbolAtom, UnionAtom, type Atom } from '@medplum/core'
import type {
  Attachment, CodeableConcept, Coding, DocumentReference, DocumentReferenceContent, DocumentReferenceContext, DocumentReferenceRelatesTo, Extension, Identifier, Meta, Narrative, Period, Reference,
} from '@medplum/fhirtypes'
import { didYouMean } from '../read/nearest.ts'

type TypeName =
  | 'DocumentReference' | 'Content' | 'Context' | 'RelatesTo' | 'Meta' | 'Narrative' | 'Identifier' | 'Coding' | 'CodeableConcept' | 'Reference' | 'Attachment' | 'Period' | 'Extension' | typeof LEAF
/** Of some of the elements that a type has, the type of each. */
type Named<T> = { readonly [K in keyof T]?: TypeName }

const LEAF = 'value'
const element = { id: LEAF, extension: 'Extension' } as const
const backbone = { ...element, modifierExtension: 'Extension' } as const

/** FHIR R4, without what stands beside the elements of other resources. */
const ELEMENTS = {
  DocumentReference: {
    resourceType: LEAF, id: LEAF, meta: 'Meta', implicitRules: LEAF, language: LEAF, text: 'Narrative', contained: LEAF, extension: 'Extension', modifierExtension: 'Extension',
    masterIdentifier: 'Identifier', identifier: 'Identifier', status: LEAF, docStatus: LEAF, type: 'CodeableConcept', category: 'CodeableConcept', subject: 'Reference', date: LEAF, author: 'Reference',
    authenticator: 'Reference', custodian: 'Reference', relatesTo: 'RelatesTo', description: LEAF, securityLabel: 'CodeableConcept', content: 'Content', context: 'Context',
  } satisfies Named<DocumentReference>,
  Content: { ...backbone, attachment: 'Attachment', format: 'Coding' } satisfies Named<DocumentReferenceContent>,
  Context: { ...backbone, encounter: 'Reference', event: 'CodeableConcept', period: 'Period', facilityType: 'CodeableConcept', practiceSetting: 'CodeableConcept', sourcePatientInfo: 'Reference', related: 'Reference' } satisfies Named<DocumentReferenceContext>,
  RelatesTo: { ...backbone, code: LEAF, target: 'Reference' } satisfies Named<DocumentReferenceRelatesTo>,
  Meta: { ...element, versionId: LEAF, lastUpdated: LEAF, source: LEAF, profile: LEAF, security: 'Coding', tag: 'Coding' } satisfies Named<Meta>,
  Narrative: { ...element, status: LEAF, div: LEAF } satisfies Named<Narrative>,
  Identifier: { ...element, use: LEAF, type: 'CodeableConcept', system: LEAF, value: LEAF, period: 'Period', assigner: 'Reference' } satisfies Named<Identifier>,
  Coding: { ...element, system: LEAF, version: LEAF, code: LEAF, display: LEAF, userSelected: LEAF } satisfies Named<Coding>,
  CodeableConcept: { ...element, coding: 'Coding', text: LEAF } satisfies Named<CodeableConcept>,
  Reference: { ...element, reference: LEAF, type: LEAF, identifier: 'Identifier', display: LEAF } satisfies Named<Reference>,
  Attachment: { ...element, contentType: LEAF, language: LEAF, data: LEAF, url: LEAF, size: LEAF, hash: LEAF, title: LEAF, creation: LEAF } satisfies Named<Attachment>,
  Period: { ...element, start: LEAF, end: LEAF } satisfies Named<Period>,
  /** With the kinds of value that the extensions of UK Core and of this engine have. */
  Extension: {
    ...element, url: LEAF, valueBoolean: LEAF, valueCode: LEAF, valueCodeableConcept: 'CodeableConcept', valueCoding: 'Coding', valueDateTime: LEAF, valueIdentifier: 'Identifier', valuePeriod: 'Period', valueReference: 'Reference',
    valueString: LEAF, valueUri: LEAF,
  } satisfies Named<Extension>,
  [LEAF]: {},
} as const satisfies Record<TypeName, { readonly [element: string]: TypeName }>

const ROOT: readonly TypeName[] = ['DocumentReference']

/** What is wrong with an expression; undefined: every element of it is one. */
export const elementAdvice = (expression: Atom): string | undefined => {
  const seen = { elements: 0, wrong: undefined as string | undefined }
  walk(expression, ROOT, seen)
  if (seen.wrong !== undefined) return seen.wrong
  return seen.elements === 0 ? 'this asks for no element of the DocumentReference, so that it says nothing of the document: write for example securityLabel.coding.code' : undefined
}

type Seen = { elements: number; wrong: string | undefined }

/** The types of what an expression gives, where it is asked of things of these types. */
const walk = (atom: Atom, of: readonly TypeName[], seen: Seen): readonly TypeName[] => {
  const inner = (one: Atom, types = of) => walk(one, types, seen)
  if (atom instanceof SymbolAtom) return symbol(atom.name, of, seen)
  if (atom instanceof DotAtom) return inner(atom.right, inner(atom.left))
  if (atom instanceof IndexerAtom) { inner(atom.expr); return inner(atom.left) }
  if (atom instanceof FunctionAtom) return call(atom, of, seen)
  // On the right stands the name of a type.
  if (atom instanceof IsAtom) { inner(atom.left); return [LEAF] }
  if (atom instanceof AsAtom) return inner(atom.left)
  if (atom instanceof UnionAtom) return [...inner(atom.left), ...inner(atom.right)]
  if (atom instanceof InfixOperatorAtom) { inner(atom.left); inner(atom.right); return [LEAF] }
  if (atom instanceof PrefixOperatorAtom) { inner(atom.child); return [LEAF] }
  return [LEAF]
}

/** An element, `$this`, or a variable of FHIRPath. */
const symbol = (name: string, of: readonly TypeName[], seen: Seen): readonly TypeName[] => {
  if (name === '$this') return of
  if (name === '%resource' || name === '%context' || (name === 'DocumentReference' && of === ROOT)) return ROOT
  if (/^[$%]/u.test(name)) return [LEAF]
  const found = of.flatMap((type): readonly TypeName[] => {
    const elements: { readonly [element: string]: TypeName } = ELEMENTS[type]
    if (type === 'Extension' && name === 'value') return Object.entries(elements).flatMap(([key, value]) => (key.startsWith('value') ? [value] : []))
    return Object.hasOwn(elements, name) ? [elements[name]!] : []
  })
  if (found.length === 0) seen.wrong ??= strange(name, of)
  else seen.elements += 1
  return [...new Set(found)]
}

const strange = (name: string, of: readonly TypeName[]): string => {
  const [type] = of
  if (type === undefined || type === LEAF) return `${name} is asked of what holds no elements: take it out`
  const known = of.flatMap((one) => Object.keys(ELEMENTS[one]))
  return `no ${type} has an element ${name}: ${didYouMean(name, known, `it has ${known.join(', ')}`)}`
}

/** Functions that give things of the types that they are asked of. */
const SAME = ['where', 'first', 'last', 'tail', 'skip', 'take', 'distinct', 'single', 'exclude', 'intersect', 'trace']
/** Those whose argument is the name of a type. */
const OF_TYPE = ['as', 'ofType', 'is']

const call = ({ name, args }: FunctionAtom, of: readonly TypeName[], seen: Seen): readonly TypeName[] => {
  if (OF_TYPE.includes(name)) return name === 'is' ? [LEAF] : of
  const given = args.map((one) => walk(one, of, seen))
  if (SAME.includes(name)) return of
  if (name === 'extension') return ['Extension']
  if (name === 'select' || name === 'repeat') return given.flat()
  if (name === 'union' || name === 'combine') return [...of, ...given.flat()]
  if (name === 'iif') return given.slice(1).flat()
  return [LEAF]
}
