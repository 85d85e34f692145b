// `/control`: how a test changes who is known and registered, and what goes wrong next. It refuses a body with
// anything it does not know, rather than leave a test in the belief that it was done.
import { z } from 'zod'
import type { Fault } from './faults.ts'
import { faultSchema } from './faults.ts'
import { asJson } from './outcome.ts'
import type { People, Person } from './people.ts'
import { personSchema, seededPeople, withChanges } from './people.ts'
import type { Route } from './router.ts'
import { readJson } from './text.ts'
import type { Tokens } from './tokens.ts'
import { DEFAULT_EXPIRES_IN_SECS } from './tokens.ts'

/** `reset` comes first, whatever else is asked. `faults` takes the place of those that were set before. */
const controlSchema = z.strictObject({
  reset: z.boolean().optional(),
  patients: z.array(personSchema).optional(),
  faults: z.array(faultSchema).optional(),
  deleteRefused: z.boolean().optional(),
  tokens: z.strictObject({ expiresInSecs: z.int().min(1).optional(), revoke: z.boolean().optional() }).optional(),
})

/** All that can be set from outside, and what was counted. */
export type World = { people: People; faults: readonly Fault[]; deleteRefused: boolean; requests: Map<string, number> }

export const newWorld = (people = seededPeople()): World => ({ people, faults: [], deleteRefused: false, requests: new Map() })

export type Keeping = { forgetDocuments(): Promise<void>; keepPeople(changed: readonly Person[]): void }

export const controlRoutes = (world: World, tokens: Tokens, { forgetDocuments, keepPeople }: Keeping): readonly Route[] => {
  const state = () => {
    const byPath = Object.fromEntries([...world.requests].sort(([a], [b]) => a.localeCompare(b)))
    return {
      patients: [...world.people.values()].map(({ nhsNumber, birthDate, registered, deceased, access }) =>
        ({ nhsNumber, birthDate, registered, deceased, ...(access === false ? { access } : {}) })),
      faults: world.faults,
      requests: { total: Object.values(byPath).reduce((sum, count) => sum + count, 0), byPath },
      deleteRefused: world.deleteRefused,
      tokens: { expiresInSecs: tokens.expiresInSecs() },
    }
  }
  return [
    { method: 'GET', template: '/control', handle: () => asJson(200, state()) },
    {
      method: 'POST',
      template: '/control',
      handle: async (ask) => {
        const asked = controlSchema.safeParse(await readJson(ask.body, 4 * 1024 * 1024))
        if (!asked.success) return asJson(400, { error: z.prettifyError(asked.error) })
        const { reset, patients, faults, deleteRefused, tokens: wanted } = asked.data
        if (reset) {
          Object.assign(world, newWorld())
          tokens.expireIn(DEFAULT_EXPIRES_IN_SECS)
          await forgetDocuments()
        }
        if (patients) {
          world.people = withChanges(world.people, patients)
          keepPeople(patients.map(({ nhsNumber }) => world.people.get(nhsNumber)!))
        }
        if (faults) world.faults = faults
        if (deleteRefused !== undefined) world.deleteRefused = deleteRefused
        if (wanted?.expiresInSecs !== undefined) tokens.expireIn(wanted.expiresInSecs)
        if (wanted?.revoke) tokens.revokeAll()
        return asJson(200, state())
      },
    },
  ]
}
