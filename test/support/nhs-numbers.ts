// NHS numbers of the range that is never given to anybody, as many as a test needs.
import { passesModulus11 } from '../../src/decide/identity.ts'

/** All begin with 999 and pass the check. */
export const nhsNumbers = (count: number, from = 100_000): readonly string[] => {
  const numbers: string[] = []
  for (let n = from; numbers.length < count; n += 1) {
    const nine = `999${String(n).padStart(6, '0')}`
    const number = Array.from({ length: 10 }, (_, digit) => `${nine}${digit}`).find(passesModulus11)
    if (number !== undefined) numbers.push(number)
  }
  return numbers
}
