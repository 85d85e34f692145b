// Where an HL7 message leads: into the record, into quarantine, out of the record, or to a refusal. What PKB does not
// publish is done the way that is worst for a sender. It refuses nothing that PKB takes with an AA, and it tells the
// sender nothing of what comes after the AA.
//
// A T02 with a number that another patient's document has creates a second document: the first stays in its record.
// A T11 deletes by TXA-12.1 within the record that its PID names, in any record if it names none; it does not reach a
// message in quarantine, which may still be accepted afterwards. An accepted message is placed when it is accepted,
// even over a newer one. A document that is replaced stays read.
import { AA, refused, type Ack } from './ack.ts'
import type { Cut } from './cut-out.ts'
import type { Documents, Held, Letter, Stored } from './documents.ts'
import type { Message } from './hl7.ts'
import type { Decided } from './keep.ts'
import { dateIn, headRefusal, readT02, type Labelling } from './mdm.ts'
import { isTenDigits, type People, type Person } from './people.ts'
import type { Spool } from './spool.ts'

export type Hl7Settings = Labelling & {
  /** Addresses and ranges; none: anybody. */
  readonly allowedIps: readonly string[]
  readonly softMatching: boolean
  readonly autoCreate: boolean
}

export const SHIPPED_SETTINGS: Hl7Settings = { allowedIps: [], services: { MHADULT: 'MENTAL_HEALTH' }, teamDefault: null, softMatching: true, autoCreate: true }

export type AdmissionParts = {
  readonly documents: Documents
  readonly spool: Spool
  readonly newMark: () => string
  readonly people: () => People
  readonly settings: () => Hl7Settings
  readonly strict: () => boolean
  readonly addPerson: (person: Person) => void
  readonly decisions: Map<string, Decided['what']>
  readonly decided: (decided: Decided) => void
}

/** What is answered, and what is done then, at once. */
export type Judgement = { readonly ack: Ack; apply(): void }

export type Admission = {
  judge(message: Message, cuts: readonly Cut[]): Promise<Judgement>
  /** Whether something about this document number waits, or was decided before; accepted is only what names a patient. */
  canDecide(decided: Decided): boolean
  decide(decided: Decided): void
}

type Named = { readonly nhsNumber: string; readonly verified: boolean }

/** Page "PID": in PID-2 or PID-3; an identifier of another authority or type is silently ignored. */
const namedIn = (message: Message): Named | undefined => {
  const pid = message.segment('PID')
  const numbers = [...pid.repetitions(2), ...pid.repetitions(3)].flatMap((parts) => {
    const type = /^NH(?:\{status:(\d\d)\})?$/.exec(parts[4] ?? '')
    return type && parts[3] === 'NHS' ? [{ nhsNumber: parts[0] ?? '', verified: type[1] === '01' }] : []
  })
  const [first] = numbers
  return first && { nhsNumber: first.nhsNumber, verified: numbers.every(({ nhsNumber, verified }) => verified && nhsNumber === first.nhsNumber) }
}

const nothing = (ack: Ack): Judgement => ({ ack, apply: () => undefined })

export const admission = (parts: AdmissionParts): Admission => {
  const { documents, decisions, people, settings } = parts

  const place = (letter: Letter, name?: string): void => {
    if (!people().has(letter.nhsNumber)) parts.addPerson({ nhsNumber: letter.nhsNumber, birthDate: letter.birthDate ?? '', registered: false, deceased: false, ...(name ? { name } : {}) })
    const standing = letter.carePlan ? undefined : documents.numbered(letter.key).find((one) => one.nhsNumber === letter.nhsNumber && !one.carePlan)
    if (standing) documents.exchange(standing, letter)
    else documents.add(letter)
  }

  const heldFor = (named: Named | undefined, birthDate: string | undefined): Held | undefined => {
    if (!named) return 'no-nhs-number'
    if (!named.verified) return 'nhs-number-not-verified'
    const known = people().get(named.nhsNumber)?.birthDate
    return settings().softMatching && known && birthDate !== known ? 'date-of-birth' : undefined
  }

  const judgeT02 = async (message: Message, cuts: readonly Cut[]): Promise<Judgement> => {
    const named = namedIn(message)
    const pid = message.segment('PID')
    const { services, teamDefault, softMatching, autoCreate } = settings()
    if (named && !isTenDigits(named.nhsNumber)) return nothing(refused(`PID-3.1 is no NHS number. You provided [${named.nhsNumber}]`))
    if (softMatching && dateIn(pid.get(7)) === undefined) return nothing(refused(`PID-7 (date of birth) must be provided. You provided [${pid.get(7)}]`))
    if (named?.verified && !autoCreate && !people().has(named.nhsNumber)) return nothing(refused('No patient was found for the identifiers in PID'))
    const letter = await readT02(message, cuts, { strict: parts.strict(), labelling: { services, teamDefault }, spool: parts.spool, newMark: parts.newMark, nhsNumber: named?.nhsNumber ?? '' })
    if ('code' in letter) return nothing(letter)
    return {
      ack: AA,
      apply: () => {
        const held = heldFor(named, letter.birthDate)
        const before = held && named ? decisions.get(letter.key) : undefined
        if (!held || before === 'accept') place(letter, [pid.get(5, 2), pid.get(5)].filter(Boolean).join(' '))
        else if (before === undefined) documents.add(letter, held)
      },
    }
  }

  const judgeT11 = (message: Message): Judgement => {
    const number = message.segment('TXA').get(12)
    if (number === '') return nothing(refused('TXA-12.1 (unique document number) must be provided. You provided []'))
    const named = namedIn(message)
    const meant = (one: Stored): boolean => !one.carePlan && (named === undefined || one.nhsNumber === named.nhsNumber)
    const by = message.segment('MSH').get(10)
    // What PKB compares of a T11 is not published: in the strict mode the same as of a T02.
    const known = named && parts.strict() && settings().softMatching ? people().get(named.nhsNumber)?.birthDate : undefined
    const born = message.segment('PID').get(7)
    if (known && dateIn(born) === undefined) return nothing(refused(`PID-7 (date of birth) must be provided. You provided [${born}]`))
    if (known && dateIn(born) !== known) return nothing(AA)
    return { ack: AA, apply: () => { for (const one of documents.numbered(number).filter(meant)) documents.remove(one, by) } }
  }

  const waiting = (documentNumber: string): readonly Stored[] => documents.held().filter(({ key, held }) => key === documentNumber && held !== undefined)

  return {
    judge: async (message, cuts) => {
      const refusal = headRefusal(message, parts.strict())
      if (refusal !== undefined) return nothing(refused(refusal))
      const msh = message.segment('MSH')
      const type = `${msh.get(9)}^${msh.get(9, 2)}`
      if (type === 'MDM^T02') return judgeT02(message, cuts)
      return type === 'MDM^T11' ? judgeT11(message) : nothing(refused(`MSH-9 is not a supported message type. You provided [${type}]`))
    },
    canDecide: ({ documentNumber, what }) => decisions.has(documentNumber) || waiting(documentNumber).some(({ nhsNumber }) => what === 'reject' || nhsNumber !== ''),
    decide: (decided) => {
      decisions.set(decided.documentNumber, decided.what)
      parts.decided(decided)
      for (const one of waiting(decided.documentNumber)) {
        if (one.nhsNumber === '' && decided.what === 'accept') continue
        const { held: _, ...letter } = one
        // Placed first: a crash between the two must not lose it.
        if (decided.what === 'accept') place(letter)
        documents.remove(one)
      }
    },
  }
}
