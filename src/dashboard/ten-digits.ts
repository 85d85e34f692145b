// Ten digits in a row could be an NHS number. It refuses to ask whether they are one: what could be is not kept and not shown.
const TEN_DIGITS = /(?:\d[\s-]*){10}/u

/** Of words that are kept and shown: a person may mean a patient by it. */
export const TEN_DIGITS_SAYS = 'It holds ten digits in a row, as an NHS number has. Do not name the patient.'
export const holdsTenDigits = (text: string): boolean => TEN_DIGITS.test(text)
