// When a worker tells that it has not taken the policy in force.
import { expect, test } from '@jest/globals'
import { sayWhenBehind } from '../../src/deliver/behind.ts'
import { BEHIND_SECS } from '../../src/deliver/next.ts'

const aWorker = () => {
  const clock = { at: Date.parse('2026-11-23T12:00:00.000Z') }
  const state = { hash: 'old' }
  const told: string[] = []
  const seen = sayWhenBehind({ policy: () => state, now: () => new Date(clock.at), say: (name, fields) => void told.push(`${name} ${Object.values(fields).join(' ')}`) })
  return { state, told, seen: (inForce: string, secs = 0) => { clock.at += secs * 1000; seen(inForce) } }
}

test('the moment that every change takes is not told, and what lasts is', () => {
  const { told, seen } = aWorker()
  seen('new')
  seen('new', BEHIND_SECS - 1)
  expect(told).toEqual([])
  seen('new', 1)
  expect(told).toEqual(['policy_behind old new'])
})

test('it is told once a minute, and not at each step', () => {
  const { told, seen } = aWorker()
  seen('new')
  seen('new', BEHIND_SECS)
  seen('new', 30)
  seen('new', 29)
  expect(told).toHaveLength(1)
  seen('new', 1)
  expect(told).toHaveLength(2)
})

test('another policy in force is told at once, for the worker is behind that one too', () => {
  const { told, seen } = aWorker()
  seen('new')
  seen('new', BEHIND_SECS)
  seen('newer', 1)
  expect(told).toEqual(['policy_behind old new', 'policy_behind old newer'])
})

test('whoever has caught up begins anew', () => {
  const { state, told, seen } = aWorker()
  seen('new')
  state.hash = 'new'
  seen('new', 1)
  seen('newest', 1)
  seen('newest', BEHIND_SECS - 1)
  expect(told).toEqual([])
})
