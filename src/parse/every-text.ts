// Every text of a message, whatever place it stands in and whether a mapping names that place or not: for finding what
// must not be overlooked. It refuses to say what a text means.
import type { Format } from '../types.ts'

/** HL7: fields, repetitions, components and subcomponents. An upload: every JSON string, names included. */
export const everyText = (skeleton: string, format: Format): readonly string[] => TEXTS[format](skeleton)

const hl7 = (skeleton: string): readonly string[] => {
  const start = skeleton.indexOf('MSH')
  const marks = new Set([...skeleton.slice(start + 3, start + 6), ...skeleton.slice(start + 7, start + 8), '\r', '\n'])
  const texts: string[] = []
  let text = ''
  for (const character of skeleton) {
    if (!marks.has(character)) { text += character; continue }
    if (text !== '') texts.push(text)
    text = ''
  }
  return text === '' ? texts : [...texts, text]
}

const upload = (skeleton: string): readonly string[] => Array.from(skeleton.matchAll(/"(?:[^"\\]|\\.)*"/gu), ([quoted]) => {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted
  }
})

const TEXTS = { 'hl7-mdm': hl7, upload } as const satisfies Record<Format, (skeleton: string) => readonly string[]>
