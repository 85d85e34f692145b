// "Did you mean postage?": the nearest of the words that there are. It refuses to guess where none is near.

/** Letters to change, put in, leave out or swap with the next to make one word of the other. */
const distance = (a: string, b: string): number => {
  let [before, last]: [readonly number[], readonly number[]] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)]
  for (let i = 1; i <= a.length; i += 1) {
    const now = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const changed = last[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? before[j - 2]! + 1 : Infinity
      now.push(Math.min(changed, swapped, last[j]! + 1, now[j - 1]! + 1))
    }
    ;[before, last] = [last, now]
  }
  return last[b.length]!
}

const plain = (word: string): string => word.toLowerCase().replaceAll(/[\s_-]+/gu, '-')

/** At most a third of its letters differ; at least one may. */
export const nearest = (word: string, words: readonly string[]): string | undefined => {
  const [best] = words.map((one) => ({ one, far: distance(plain(word), plain(one)) })).sort((a, b) => a.far - b.far)
  return best && best.far <= Math.max(1, Math.floor(Math.max(word.length, best.one.length) / 3)) && best.far < best.one.length ? best.one : undefined
}

/** `: did you mean postage?`, or what else to do. */
export const didYouMean = (word: unknown, words: readonly string[], otherwise: string): string => {
  const near = typeof word === 'string' ? nearest(word, words) : undefined
  return near === undefined ? otherwise : `did you mean ${near}?`
}
