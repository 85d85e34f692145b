// What somebody typed to find a title, as a question of PostgreSQL's text search. Plain words are looked for by their beginning;
// with quotes, a minus or `or` they are read as a search engine on the web reads them. It refuses to fail, whatever was typed:
// PostgreSQL's error would repeat the title.
import type { Pool } from 'pg'

/** Writes the question with `value`, which keeps a value for the statement and says what stands for it there. */
export type WordsAsked = (value: (given: unknown) => string) => string

const WITH_OPERATORS = /["“”]|(^|\s)-\S|\sor\s/iu
/** What words_of of migrations/0017-searchable.sql takes for the end of a word, too. */
const BETWEEN = /(?<=\S)-|[._/\\@:+&‘’–—…\u{a0}]/gu

/** Past this PostgreSQL gathers by itself what begins so. */
const MOST = 8

/** Always one word to PostgreSQL, and the same. */
const PLAIN = /^(?:[a-z]+|\d+)$/u
const ONE_WORD = /^[\p{L}\p{N}]+$/u

const BEGINNING = `
  select asked.beginning, (select coalesce(array_agg(k.word), '{}') from (select k.word from title_words k where k.word >= asked.beginning and k.word < asked.beginning || chr(1114111) limit $2) k) as words
  from unnest($1::text[]) asked(beginning)`

/**
 * The few words that titles do have of that beginning: asked for as they are, PostgreSQL reads only titles that have all that
 * is asked for, where for a beginning it first gathers all that have any.
 */
const spelled = async (pool: Pool, words: readonly string[]): Promise<readonly string[]> => {
  const { rows } = await pool.query<{ beginning: string; words: readonly string[] }>(BEGINNING, [words.filter((word) => PLAIN.test(word)), MOST + 1])
  const known = new Map(rows.map(({ beginning, words }) => [beginning, words]))
  return words.map((word) => {
    const ones = known.get(word)
    return ones === undefined || ones.length > MOST || !ones.every((one) => ONE_WORD.test(one)) ? `${word}:*` : ones.length === 0 ? word : `(${ones.join(' | ')})`
  })
}

/** Without what is the beginning of another one, which says it already: each is looked for by itself. */
const longest = (words: readonly string[]): readonly string[] => {
  const small = [...new Set(words.map((word) => (/^[a-z]+$/iu.test(word) ? word.toLowerCase() : word)))]
  return small.filter((word) => !small.some((other) => other !== word && other.startsWith(word)))
}

export const wordsAsked = async (pool: Pool, title: string): Promise<WordsAsked> => {
  if (WITH_OPERATORS.test(title)) return (value) => `websearch_to_tsquery('simple', ${value(title.replaceAll(/[“”]/gu, '"').replaceAll(BETWEEN, ' '))})`
  const words = longest(title.match(/[\p{L}\p{N}]+/gu) ?? [])
  if (words.length === 0) return () => `''::tsquery`
  const asked = await spelled(pool, words)
  return (value) => `to_tsquery('simple', ${value(asked.join(' & '))})`
}
