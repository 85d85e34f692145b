// Passwords that are tried first: words of the lists that leak again and again, names of this place, runs of keys and
// digits, and any of these put together. It refuses to be a list of millions: what is left without them must be something.

const WORDS = [
  'password', 'passwort', 'passw', 'passphrase', 'passcode', 'pass', 'word', 'letmein', 'welcome', 'login', 'signin', 'admin', 'administrator', 'root', 'user', 'guest', 'secret', 'default', 'changeme', 'change', 'trustno', 'master', 'access', 'enter', 'test', 'testing', 'temp', 'temporary', 'hello', 'please',
  'qwertyuiop', 'qwertzuiop', 'qwerty', 'qwertz', 'azerty', 'asdfghjkl', 'asdfgh', 'asdf', 'zxcvbnm', 'zxcvbn', 'zxcv', 'qazwsxedc', 'qazwsx', 'wsxedc', 'edcrfv', 'iloveyou', 'ilove', 'love', 'you', 'monkey', 'dragon', 'football', 'baseball', 'superman', 'batman', 'sunshine', 'princess', 'shadow', 'michael', 'jennifer', 'charlie', 'liverpool', 'arsenal', 'chelsea', 'everton', 'starwars', 'pokemon', 'computer', 'internet', 'whatever', 'freedom', 'nothing', 'killer', 'jordan', 'ashley', 'daniel', 'thomas', 'jessica',
  'openletter', 'open', 'letter', 'nhs', 'trust', 'hospital', 'mentalhealth', 'mental', 'health', 'patient', 'doctor', 'nurse', 'clinic', 'ward', 'rio', 'pkb', 'london', 'england', 'britain', 'newham', 'luton',
  'spring', 'summer', 'autumn', 'winter', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday', 'january', 'february', 'march', 'april', 'june', 'july', 'august', 'september', 'october', 'november', 'december',
].toSorted((a, b) => b.length - a.length)

const ROWS = ['abcdefghijklmnopqrstuvwxyz', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm', '01234567890', '09876543210']

/** What must be left of a password when everything that is tried first is taken out of it. */
const LEAST_LEFT = 5

const LOOKS_LIKE: { readonly [character: string]: string } = { '0': 'o', '1': 'l', '3': 'e', '4': 'a', '5': 's', '7': 't', '8': 'b', '@': 'a', $: 's', '!': 'i', '€': 'e' }
const asLetters = (text: string): string => [...text].map((character) => LOOKS_LIKE[character] ?? character).join('')

export const tooCommon = (password: string): boolean => {
  const text = password.toLowerCase()
  return Math.min(left(text), left(asLetters(text))) < LEAST_LEFT
}

/** How many different letters are left, counted where they stand apart from each other's repetition and runs. */
const left = (text: string): number => {
  const without = WORDS.reduce((rest, word) => rest.replaceAll(word, ' '), text)
  const letters = [...without].filter((character) => /\p{L}/u.test(character))
  const fresh = letters.filter((letter, n) => n === 0 || !follows(letters[n - 1]!, letter))
  return Math.min(fresh.length, new Set(fresh).size + 1)
}

/** The same key again, or the one beside it in a run. */
const follows = (before: string, letter: string): boolean =>
  before === letter || ROWS.some((row) => Math.abs(row.indexOf(before) - row.indexOf(letter)) === 1 && row.includes(before) && row.includes(letter))
