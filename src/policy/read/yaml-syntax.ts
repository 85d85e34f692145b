// What to write where a file is not YAML, for people who have never read its specification: the parser says what it
// expected, in its own words. It refuses to look at the file: it knows what the parser said.
import type { YAMLError } from 'yaml'

const QUOTE = 'put the whole text in double quotes, and write \\" for a quote inside it'
const BY_CODE: { readonly [code: string]: string } = {
  DUPLICATE_KEY: 'a key stands twice: keep one of them',
  MULTIPLE_DOCS: 'a file holds one document: take out the line --- and what belongs elsewhere',
  TAB_AS_INDENT: 'a line cannot be indented with tabs: use spaces',
  BAD_DQ_ESCAPE: 'in double quotes a backslash begins a code: write \\\\ for the backslash itself',
  BAD_ALIAS: 'a text cannot begin with * or &: put it in double quotes, such as "*"',
  MULTILINE_IMPLICIT_KEY: 'this line is neither key: value nor the entry of a list: a colon with a space behind it is missing, or the line does not belong here',
  BLOCK_AS_IMPLICIT_KEY: `a second colon stands on this line: ${QUOTE}`,
  KEY_OVER_1024_CHARS: 'a key cannot be so long: a colon or a quote is missing',
}

/** Where the code alone does not say what is wrong; the first that fits. */
const BY_WORDS: readonly (readonly [says: RegExp, advice: string])[] = [
  [/call stack/iu, 'lists or maps stand in each other hundreds of times: no file here needs more than six'],
  [/end with a \}|^Expected .*\}/u, 'a { that stands further up is not closed: write the } that is missing'],
  [/end with a \]|^Expected .*\]/u, 'a [ that stands further up is not closed: write the ] that is missing'],
  [/closing ["']quote/u, 'a quote that opens here or further up is not closed: write it at the end of the text'],
  [/^Plain value cannot start with/u, `a text cannot begin with this sign: ${QUOTE}`],
  [/need to be followed by map values|^Missing space after :/u, 'between a key and its value stands a colon with a space behind it: write key: value'],
  [/^Missing , /u, 'a comma is missing between two entries, or a quote inside a text: separate entries by commas'],
  [/^Unexpected (?:,|empty item) in/u, 'there is a comma too many: take it out'],
  [/^Unexpected .* at node end$|^Unexpected scalar/u, `something stands behind the value that is no part of it: ${QUOTE}`],
  [/^Sequence item without -|must start at the same column/u, 'the entries of a list begin with a hyphen and stand under each other: indent this line as those that it belongs to'],
  [/^Comments must be separated/u, 'a comment begins with a space and #: put a space before the #, or the text in double quotes'],
]

export const yamlAdvice = ({ code, message }: Pick<YAMLError, 'code' | 'message'>): string =>
  `this is not YAML 1.2: ${BY_WORDS.find(([says]) => says.test(message))?.[1] ?? BY_CODE[code] ?? (code === 'BAD_INDENT' ? 'this line is indented otherwise than those it belongs to' : `${message}: look at the colons, quotes, brackets and spaces of this line and the one above`)}`
