// docs/alerts.md says of each alert what the engine says of it.
import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'
import { INCIDENT_KINDS, KINDS, SAYINGS } from '../../src/decide/incidents.ts'
import { TEAM_OUTCOMES } from '../../src/decide/team-outcome.ts'

const page = readFileSync(new URL('../../docs/alerts.md', import.meta.url), 'utf8')

test('each kind of alert has a section, in order, with what it means, what to do and whose it is', () => {
  expect([...page.matchAll(/^### `([a-z-]+)`$/gmu)].map(([, kind]) => kind)).toEqual(KINDS)
  for (const kind of KINDS) {
    const { title, means, todo, owner, severity } = INCIDENT_KINDS[kind]
    const section = page.split(`### \`${kind}\``)[1]!.split('\n#')[0]!
    for (const text of [title, means, todo, `Whose: ${owner}.`, severity === 'severe' ? 'Severe' : 'Serious']) expect(section).toContain(text)
  }
})
test('each type of notification is named', () => { for (const saying of Object.keys(SAYINGS)) expect(page).toContain(`\`alert.${saying}\``) })
test('each outcome is named', () => { for (const { text } of Object.values(TEAM_OUTCOMES)) expect(page.toLowerCase()).toContain(text.toLowerCase()) })
