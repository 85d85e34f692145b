// Which fields of the forms are shown back when a form came to nothing: each field in which somebody may write is either
// shown, or stands here with why it is not.
import { expect, test } from '@jest/globals'
import { readFileSync, readdirSync } from 'node:fs'
import { TYPED } from '../../src/dashboard/typed.ts'

const VIEWS = new URL('../../src/dashboard/views/', import.meta.url)

const NOT_SHOWN: Record<string, string> = {
  password: 'secret', again: 'secret', current: 'secret', code: 'of a sign-in secret, of a search four letters',
  nhsNumber: 'the patient', title: 'the patient', birthDate: 'the patient', message: 'the patient', ids: 'sent with a file, which is not read',
  who: 'of a search', document: 'of a search', sourceId: 'of a search', team: 'of a search', since: 'a date', until: 'a date', expires: 'a date', perMinute: 'a number',
}

/** Of the forms that are sent, and not of those that only ask for another part of a list. */
const written = readdirSync(VIEWS).filter((name) => name.endsWith('.njk')).map((name) => readFileSync(new URL(name, VIEWS), 'utf8')).filter((view) => view.includes('method="post"') || view.includes('macro wishFields'))
  .flatMap((view) => [...view.matchAll(/(?:input|textarea)\(\{[\s\S]*?\bname: "(\w+)"/gu)].map(([, name]) => name!))

test('every field in which somebody writes is shown back, or is known not to be', () => {
  expect(written.length).toBeGreaterThan(15)
  expect([...new Set(written)].filter((name) => !Object.hasOwn(TYPED, name) && !Object.hasOwn(NOT_SHOWN, name))).toEqual([])
  expect(Object.keys(TYPED).filter((name) => Object.hasOwn(NOT_SHOWN, name) || !written.includes(name))).toEqual([])
})
