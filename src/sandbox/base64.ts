// Base64 as it streams by: decoded on the way in, encoded on the way out. It refuses to guess: what is not base64 is
// said to be broken, where Buffer would skip it in silence.

export type Decoder = {
  /** Any piece of base64 text; undefined once it is broken. */
  push(text: string): Buffer | undefined
  /** False if the text ended in the middle, or was broken. */
  end(): boolean
}

export const base64Decoder = (): Decoder => {
  let rest = ''
  let padded = false
  let broken = false
  return {
    push: (text) => {
      if (broken) return undefined
      // FHIR allows whitespace within base64Binary.
      const all = rest + (/\s/.test(text) ? text.replaceAll(/\s/g, '') : text)
      const whole = all.length - (all.length % 4)
      const group = all.slice(0, whole)
      rest = all.slice(whole)
      if (padded && all !== '') broken = true
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(group) || !/^[A-Za-z0-9+/]*=?$/.test(rest)) broken = true
      padded ||= group.endsWith('=')
      return broken ? undefined : Buffer.from(group, 'base64')
    },
    end: () => !broken && rest === '',
  }
}

/** The chunks as one base64 text, in pieces. */
export const base64Pieces = async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const whole = all.length - (all.length % 3)
    rest = all.subarray(whole)
    yield all.toString('base64', 0, whole)
  }
  yield rest.toString('base64')
}
