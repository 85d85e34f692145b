// The pages say what the engine does: their generated tables are as the declarations make them.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { FLOOR } from '../../src/decide/floor.ts'
import { parts, renewed, type Page } from '../../src/policy/reference.ts'
import { FACT_NAMES, FACTS } from '../../src/types.ts'

const docs = fileURLToPath(new URL('../../docs', import.meta.url))
const text = (page: string) => readFileSync(join(docs, page), 'utf8')
const made = parts()
const pages = Object.keys(made) as readonly Page[]
const lines = (part: string) => part.split('\n').filter((line) => line.startsWith('| '))

describe.each(pages)('docs/%s', (page) => {
  test('has each generated part once', () => {
    const names = [...text(page).matchAll(/^<!-- generated: (.+) -->$/gmu)].map((match) => match[1]!)
    expect(names.sort()).toEqual(Object.keys(made[page]).sort())
  })
  test('is as npx openletter schema would write it now', () => expect(renewed(text(page), made[page])).toEqual({ text: text(page), unknown: [] }))
  test('has tables whose rows are whole', () => {
    for (const part of Object.values(made[page])) {
      const widths = lines(part).map((line) => line.split(/(?<!\\)\|/u).length)
      expect(widths.length).toBeGreaterThan(1)
      expect(new Set(widths).size).toBe(1)
    }
  })
})

describe('the tables', () => {
  test('list every fact with all its values, and every line of the floor', () => {
    const facts = lines(made['mappings.md']['facts']!)
    expect(facts.slice(1).map((line) => line.split(' | ')[0])).toEqual(FACT_NAMES.map((fact) => `| ${fact}`))
    for (const fact of FACT_NAMES) expect(facts.join('\n')).toContain(`| ${fact} | ${FACTS[fact].join(', ')} |`)
    const floor = lines(made['mappings.md']['floor']!)
    expect(floor).toHaveLength(FLOOR.length + 1)
    for (const { id, says } of FLOOR) expect(floor.some((line) => line.startsWith(`| ${id} | ${says} |`))).toBe(true)
  })
  test('say of a key whether it is required, what it takes, and what it means', () => {
    const channels = made['channels.md']
    expect(channels['keys of every feed']).toMatch(/^\| `approved_on` \| yes \| date \| \S/mu)
    expect(channels['keys of an MLLP feed']).toMatch(/^\| `port` \| yes \| whole number from 0 to 65535 or a setting \| /mu)
    expect(channels['keys of an MLLP feed']).toMatch(/^\| `tls\.client_ca_file` \| no \| text or a setting \| /mu)
    expect(channels['keys of an HTTP feed']).toMatch(/^\| `token` \| yes \| `\$\{RIO_HTTP_TOKEN\}` \| /mu)
    expect(channels['keys of the print destination']).toMatch(/^\| `postage` \| yes \| `first`, `second`, `economy` \| /mu)
    const mappings = made['mappings.md']
    expect(mappings['columns of document-codes.csv']).toMatch(/^\| `snomed` \| yes \| 6 to 18 digits \| /mu)
    expect(mappings['columns of directorates.csv']).toMatch(/^\| `go_live` \| yes \| date \| /mu)
    expect(mappings['keys of an HL7 mapping']).toMatch(/^\| `fields\.document_id` \| yes \| list of places \| /mu)
    expect(mappings['keys of an upload mapping']).toMatch(/^\| `event` \| yes \| place \| /mu)
  })
  test('say a common key once: with every feed, and not with each', () => {
    const own = ['keys of an MLLP feed', 'keys of an HTTP feed', 'keys of a folder feed'].map((name) => made['channels.md'][name]!)
    for (const part of own) expect(part).not.toContain('`approved_by`')
    for (const part of own) expect(part).toContain('| `type` |')
  })
})

describe('a page is renewed', () => {
  const page = '# Page\n\nBy hand.\n\n<!-- generated: one -->\nold\n<!-- end of generated: one -->\n\nMore by hand.\n'
  test('between its markers and nowhere else, and once is enough', () => {
    const once = renewed(page, { one: '\n| a |\n' })
    expect(once).toEqual({ text: page.replace('old', () => '\n| a |\n'), unknown: [] })
    expect(renewed(once.text, { one: '\n| a |\n' }).text).toBe(once.text)
  })
  test('and is left alone where nothing is made for a marker, or it does not close', () => {
    expect(renewed(page, { two: 'x' })).toEqual({ text: page, unknown: [{ name: 'one', line: 5 }] })
    const open = page.replace('<!-- end of generated: one -->\n', '')
    expect(renewed(open, { one: 'x' })).toEqual({ text: open, unknown: [{ name: 'one', line: 5 }] })
  })
})
