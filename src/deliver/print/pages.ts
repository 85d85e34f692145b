// Counts the pages of a PDF while its bytes stream by, where the file says so plainly. It refuses to guess: a file
// whose pages are packed in object streams, that was changed after it was written, or whose own count differs from the
// pages that are there, has an unknown number of pages.

/** Longest thing looked for, and a little more: so much of a piece is looked at again with the next one. */
const OVERLAP = 48
const LOOKED_FOR = /\/(?:Type\s{0,8}\/Page(?![A-Za-z0-9])|Count\s{1,8}(?<total>\d{1,7})(?!\d)|ObjStm(?![A-Za-z0-9])|Encrypt(?![A-Za-z0-9]))|startxref/gu
/** A file made for the web says its length and pages in its first object; a later change makes the length untrue. */
const LINEARIZED = /\/Linearized\s[^>]{0,200}/u

export type PageCount = {
  push(chunk: Buffer): void
  /** Pages, or null where the file does not say plainly. */
  end(): number | null
}

const linearizedPages = (head: string, size: number): number | undefined => {
  const dictionary = LINEARIZED.exec(head)?.[0]
  if (dictionary === undefined) return undefined
  const length = /\/L\s+(\d+)/u.exec(dictionary)?.[1]
  const pages = /\/N\s+(\d+)/u.exec(dictionary)?.[1]
  return Number(length) === size && pages !== undefined ? Number(pages) : undefined
}

export const pageCount = (): PageCount => {
  let head = ''
  let tail = ''
  let size = 0
  let pages = 0
  let endings = 0
  let opaque = false
  const totals = new Set<number>()

  /** Counts what starts before `until`; what starts behind is seen whole, with the next piece. */
  const look = (text: string, until: number): void => {
    for (const match of text.matchAll(LOOKED_FOR)) {
      if (match.index >= until) break
      if (match[0] === 'startxref') endings++
      else if (match.groups?.['total'] !== undefined) totals.add(Number(match.groups['total']))
      else if (match[0].startsWith('/Type')) pages++
      else opaque = true
    }
  }

  return {
    push: (chunk) => {
      size += chunk.length
      const text = tail + chunk.toString('latin1')
      if (head.length < 1024) head = (head + chunk.toString('latin1', 0, 1024)).slice(0, 1024)
      const until = Math.max(0, text.length - OVERLAP)
      look(text, until)
      tail = text.slice(until)
    },
    end: () => {
      look(tail, tail.length)
      const linearized = linearizedPages(head, size)
      if (linearized !== undefined) return linearized
      return !opaque && endings === 1 && pages > 0 && totals.has(pages) ? pages : null
    },
  }
}
