// Whether a number can be a SNOMED CT id: its last digit is a check digit (Verhoeff), and the two before it say what it
// is an id of. So a number that was rounded or mistyped is told from one that was not. It refuses to look anything up.
const TIMES = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6], [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
  [5, 9, 8, 7, 6, 0, 4, 3, 2, 1], [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4], [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]] as const
const TURN = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4] as const

const turned = (digit: number, times: number): number => (times === 0 ? digit : turned(TURN[digit]!, times - 1))

const passesVerhoeff = (digits: string): boolean => Array.from(digits, Number).toReversed().reduce((sum, digit, at) => TIMES[sum]![turned(digit, at % 8)]!, 0) === 0

/** 00 and 10 before the check digit: the id of a concept, in the core and in a national extension. */
const isConcept = (digits: string): boolean => /[01]0.$/u.test(digits)

/** What is wrong with a SNOMED CT concept id, or undefined. */
export const snomedAdvice = (text: string): string | undefined => {
  if (/^\d(?:[.,]\d+)?e\+?\d+$/iu.test(text)) return 'Excel has rounded this number: copy the SNOMED CT id again, into a column that is formatted as text'
  if (!/^\d{6,18}$/u.test(text)) return 'a SNOMED CT id is 6 to 18 digits'
  if (!passesVerhoeff(text)) return `the check digit of this SNOMED CT id does not fit: copy it again${text.length > 15 ? ', for Excel rounds after 15 digits' : ''}`
  return isConcept(text) ? undefined : 'this is the SNOMED CT id of a description or a relationship: write that of the concept'
}
