// Reads a SOAP request as it streams in and cuts the base64 out of every OBX-5.5 into the spool: a short mark stays in
// its place, so a 50 MB document costs some kilobytes. It refuses bodies whose remaining text is large, and reads them
// to their end all the same. It knows the usual delimiters only; what has others stays in the text.
import type { Cut, CutBody, Writing } from './cut-out.ts'
import { DATA_LIMIT, TEXT_LIMIT, writeInto } from './cut-out.ts'
import type { Spool } from './spool.ts'

/** What ends the data: a delimiter, a line's end, the end of the text or of its CDATA, or an escaped line's end. */
const END_OF_DATA = /[|^~\r\n<\]&]/g
/** A segment but the first starts after a line's end, or after an escaped one. */
const OBX_STARTS = /(?:[\r\n]|&#(?:10|13|x0?[aAdD]);)OBX\|$/
const LONGEST_START = '&#x0D;OBX|'.length

type Place = { readonly field: number; readonly component: number; readonly part: string }

/** Where one more character leads within an OBX; undefined once the segment is over. */
const moved = ({ field, component, part }: Place, char: string): Place | undefined => {
  if (char === '\r' || char === '\n') return undefined
  if (char === '|') return { field: field + 1, component: 1, part: '' }
  if (char === '^') return { field, component: component + 1, part: '' }
  return part.length > 8 ? { field, component, part } : { field, component, part: part + char }
}

export const cutOutOfSoap = async (chunks: AsyncIterable<Buffer>, spool: Spool, newMark: () => string): Promise<CutBody> => {
  const text: Buffer[] = []
  const cuts: Cut[] = []
  let textBytes = 0
  let tooLarge = false
  let recent = ''
  let place: Place | undefined
  let writing: Writing | undefined

  const keep = (bytes: Buffer): void => {
    textBytes += bytes.length
    if (textBytes > TEXT_LIMIT) tooLarge = true
    else text.push(bytes)
  }
  const finish = async (): Promise<void> => {
    if (!writing) return
    const cut = await writing.end()
    writing = undefined
    if (cut.size > DATA_LIMIT) tooLarge = true
    cuts.push(cut)
  }

  for await (const chunk of chunks) {
    const says = chunk.toString('latin1')
    let from = 0
    for (let i = 0; i < says.length;) {
      if (writing) {
        END_OF_DATA.lastIndex = i
        const stop = END_OF_DATA.exec(says)?.index ?? says.length
        if (stop > i) await writing.push(says.slice(i, stop))
        if (stop < says.length) await finish()
        i = stop
        from = stop
        continue
      }
      const char = says.charAt(i)
      i += 1
      recent = (recent + char).slice(-LONGEST_START)
      const before = place
      place = OBX_STARTS.test(recent) ? { field: 1, component: 1, part: '' } : before && moved(before, char)
      if (char !== '^' || before?.field !== 5 || before.component !== 4 || before.part.toLowerCase() !== 'base64') continue
      const mark = newMark()
      keep(Buffer.from(says.slice(from, i) + mark, 'latin1'))
      writing = writeInto(spool, mark)
    }
    if (!writing) keep(Buffer.from(says.slice(from), 'latin1'))
  }
  await finish()
  return { text: tooLarge ? '' : Buffer.concat(text).toString('utf8'), cuts, tooLarge }
}
