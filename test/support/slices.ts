// Bytes as a socket gives them: in pieces of any length, taken in turn from a list.
export const sliced = async function* (bytes: Buffer, lengths: readonly number[]): AsyncGenerator<Buffer> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const length = Math.max(1, lengths[i % lengths.length] ?? 1)
    yield bytes.subarray(at, at + length)
    at += length
  }
}
