// The fact `identity`: whether the NHS number in the message can carry a letter to the right person. It refuses to
// pick one of two numbers.
import type { FactValue, Patient, Person } from '../types.ts'

/** Ten digits without spaces or hyphens, or undefined if that is not what it is. */
export const tenDigits = (text: string): string | undefined => {
  const digits = text.normalize('NFKC').replace(/[\s-]/gu, '')
  return /^\d{10}$/u.test(digits) ? digits : undefined
}

/** Modulus 11 over the first nine digits, weights 10 to 2; 11 stands for 0, and 10 never occurs (NHS Data Dictionary). */
export const passesModulus11 = (digits: string): boolean => {
  const sum = Array.from(digits.slice(0, 9), Number).reduce((total, digit, at) => total + digit * (10 - at), 0)
  const check = (11 - (sum % 11)) % 11
  return check !== 10 && check === Number(digits[9])
}

/** Pass modulus 11, and belong to nobody. */
const NOBODYS = new Set(['0000000000', '9999999999'])

/** The one NHS number of a message, or undefined where there is none or more than one. */
export const nhsNumberOf = (patient: Patient): string | undefined => {
  const numbers = [...new Set(patient.nhsNumbers.map((found) => tenDigits(found.text)))]
  return numbers.length === 1 ? numbers[0] : undefined
}

export const identity = (patient: Patient, person: Person, testPatients: boolean): FactValue<'identity'> => {
  const written = patient.nhsNumbers.filter((found) => found.text.trim() !== '')
  if (written.length === 0) return 'missing'
  const numbers = new Set(written.map((found) => tenDigits(found.text)))
  for (const number of numbers) {
    if (number === undefined || NOBODYS.has(number) || !passesModulus11(number)) return 'invalid'
    if (number.startsWith('999') && !testPatients) return 'invalid'
  }
  if (numbers.size > 1) return 'unverified'
  const statuses = new Set(patient.traceStatuses.map((found) => found.text.trim()))
  if (statuses.size !== 1 || !statuses.has('01')) return 'unverified'
  // PKB quarantines a letter whose date of birth differs from the record's.
  return birthDateDiffers(patient, person) ? 'mismatch' : 'verified'
}

/** A missing one cannot be compared. */
export const birthDateDiffers = (patient: Pick<Patient, 'birthDate'>, person: Pick<Person, 'birthDate'> | undefined): boolean =>
  person?.birthDate !== undefined && patient.birthDate !== undefined && person.birthDate !== patient.birthDate
