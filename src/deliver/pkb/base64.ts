// A file as base64 between two texts, in a stream, so that 50 MB are never held. It refuses to know what the texts are.

export const base64Bytes = (size: number): number => Math.ceil(size / 3) * 4

export const base64Between = async function* (head: Buffer, content: AsyncIterable<Buffer>, tail: Buffer): AsyncGenerator<Buffer> {
  yield head
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of content) {
    const all = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const whole = all.length - (all.length % 3)
    rest = Buffer.from(all.subarray(whole))
    if (whole > 0) yield Buffer.from(all.toString('base64', 0, whole), 'latin1')
  }
  yield Buffer.concat([Buffer.from(rest.toString('base64'), 'latin1'), tail])
}
