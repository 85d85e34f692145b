// Where a text stops being JSON, by line and column: whoever wrote the sender is told where to look. Pure, and no parser:
// it is asked only about a text that was not taken. It refuses to repeat any of it.

export type JsonFault = { readonly line: number; readonly column: number }

type Wants = 'value' | 'value-or-end' | 'name' | 'name-or-end' | 'colon' | 'next' | 'nothing'

const SPACE = /[ \t\n\r]*/uy
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/uy
const WORD = /(?:true|false|null)/uy
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/uy

/** Where the match ends, or undefined. */
const after = (shape: RegExp, text: string, at: number): number | undefined => {
  shape.lastIndex = at
  return shape.test(text) ? shape.lastIndex : undefined
}

type Passed = { readonly to: number } | { readonly brokenAt: number }

const pastString = (text: string, from: number): Passed => {
  for (let at = from + 1; at < text.length;) {
    if (text[at] === '"') return { to: at + 1 }
    const next = text[at] === '\\' ? after(ESCAPE, text, at) : text.charCodeAt(at) < 0x20 ? undefined : at + 1
    if (next === undefined) return { brokenAt: at }
    at = next
  }
  return { brokenAt: text.length }
}

const pastPlain = (text: string, at: number): Passed => {
  const to = after(WORD, text, at) ?? after(NUMBER, text, at)
  return to === undefined ? { brokenAt: at } : { to }
}

/** Undefined where it is JSON. */
const brokenAt = (text: string): number | undefined => {
  const open: ('{' | '[')[] = []
  let wants: Wants = 'value'
  const ended = (): Wants => (open.length === 0 ? 'nothing' : 'next')
  for (let at = after(SPACE, text, 0)!; at < text.length; at = after(SPACE, text, at)!) {
    const sign = text[at]!
    const within = open.at(-1)
    if (wants === 'value' || wants === 'value-or-end') {
      if (sign === ']' && wants === 'value-or-end') { open.pop(); wants = ended(); at += 1 }
      else if (sign === '{' || sign === '[') { open.push(sign); wants = sign === '{' ? 'name-or-end' : 'value-or-end'; at += 1 }
      else {
        const passed = sign === '"' ? pastString(text, at) : pastPlain(text, at)
        if ('brokenAt' in passed) return passed.brokenAt
        at = passed.to
        wants = ended()
      }
    } else if (sign === '"' && (wants === 'name' || wants === 'name-or-end')) {
      const passed = pastString(text, at)
      if ('brokenAt' in passed) return passed.brokenAt
      at = passed.to
      wants = 'colon'
    } else if (sign === ':' && wants === 'colon') { wants = 'value'; at += 1 }
    else if (sign === ',' && wants === 'next') { wants = within === '{' ? 'name' : 'value'; at += 1 }
    else if (sign === (within === '{' ? '}' : ']') && (wants === 'next' || (wants === 'name-or-end' && within === '{'))) { open.pop(); wants = ended(); at += 1 }
    else return at
  }
  return wants === 'nothing' ? undefined : text.length
}

/** Undefined where it is JSON after all. */
export const jsonFault = (text: string): JsonFault | undefined => {
  const at = brokenAt(text)
  if (at === undefined) return undefined
  const lines = text.slice(0, at).split(/\r\n?|\n/u)
  return { line: lines.length, column: lines.at(-1)!.length + 1 }
}

/** `: line 3, column 14`, or nothing. */
export const whereBroken = (text: string): string => {
  const fault = jsonFault(text)
  return fault ? `: line ${fault.line}, column ${fault.column}` : ''
}
