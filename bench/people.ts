// Synthetic patients with NHS numbers of the 999 test range, which belong to nobody.

export type Patient = { readonly nhsNumber: string; readonly clientId: string; readonly registered: boolean }

export const BIRTH_DATE = '1970-01-01'

const checkDigit = (nine: string): number => {
  const sum = [...nine].reduce((total, digit, place) => total + Number(digit) * (10 - place), 0)
  return (11 - (sum % 11)) % 11
}

/** `count` people from the 999 5 block on, which the samples leave free: every other one has a PKB account. */
export const people = (count: number): readonly Patient[] => {
  const made: Patient[] = []
  for (let number = 999_500_000; made.length < count; number += 1) {
    const digit = checkDigit(String(number))
    if (digit === 10) continue
    made.push({ nhsNumber: `${number}${digit}`, clientId: `C${number}`, registered: made.length % 2 === 0 })
  }
  return made
}

/** The body for the sandbox's POST /control that makes them known there. */
export const asControl = (patients: readonly Patient[]): object => ({
  patients: patients.map(({ nhsNumber, registered }) => ({ nhsNumber, registered, birthDate: BIRTH_DATE, deceased: false })),
})
