// Accounts in words ready for a view, and as the API tells them. It refuses whatever opens a door.
import { z } from 'zod'
import type { Staff } from '../../ledger/ledger.ts'
import { ageOf, londonTime } from '../times.ts'
import { isRole, RIGHTS, RIGHTS_OF, ROLES, type Role } from '../rights.ts'
import { anId, anInstant } from '../shapes.ts'

const ROLES_IN_WORDS = {
  viewer: { text: 'Viewer', says: 'Sees documents, failures and reports, with patients masked.' },
  operator: { text: 'Operator', says: 'A viewer who also tries failed deliveries again, and stops, holds and takes back.' },
  reviewer: { text: 'Reviewer', says: 'An operator who also sees who the patient is, and releases or withholds.' },
  analyst: { text: 'Analyst', says: 'A viewer who also starts, pauses and tries channels, and stops.' },
  governance: { text: 'Governance', says: 'Sees every story with the patient, and who did and saw what; stops.' },
  admin: { text: 'Administrator', says: 'May everything, and says who may come in.' },
} as const satisfies Record<Role, { readonly text: string; readonly says: string }>

const roleInWords = (role: string): string => (isRole(role) ? ROLES_IN_WORDS[role].text : `${role} (no such role)`)
export const rolesInWords = (roles: readonly string[]): string => (roles.length === 0 ? 'None' : roles.map(roleInWords).join(', '))

export const roleBoxes = (chosen: readonly unknown[]) => ROLES.map((value) => ({ value, text: ROLES_IN_WORDS[value].text, hint: { text: ROLES_IN_WORDS[value].says }, checked: chosen.includes(value) }))

/** Which role may what, as a table. */
export const ROLE_TABLE = (Object.keys(RIGHTS) as (keyof typeof RIGHTS)[]).map((right) => ({
  right: RIGHTS[right], roles: ROLES.filter((role) => (RIGHTS_OF[role] as readonly string[]).includes(right)).map((role) => ROLES_IN_WORDS[role].text).join(', '),
}))

const stateOf = ({ disabledAt, origin, hasPassword }: Staff) =>
  disabledAt !== undefined ? { text: 'Disabled', colour: 'grey' } : origin.kind === 'local' && !hasPassword ? { text: 'Waits for code', colour: 'yellow' } : { text: 'May sign in', colour: 'green' }

export const personView = (staff: Staff, now: Date) => ({
  id: staff.id, href: `/people/${staff.id}`, userName: staff.userName, name: staff.name, roles: rolesInWords(staff.roles), state: stateOf(staff),
  from: staff.origin.kind === 'local' ? 'A password here' : 'The identity provider', isLocal: staff.origin.kind === 'local', isDisabled: staff.disabledAt !== undefined,
  made: londonTime(staff.madeAt), seen: staff.seenAt === undefined ? 'Never' : `${ageOf(staff.seenAt, now)} ago`, since: staff.disabledAt === undefined ? undefined : londonTime(staff.disabledAt),
})

// ---------------------------------------------------------------- for programs

export const personAnswer = ({ id, userName, name, roles, origin, hasPassword, disabledAt, madeAt, seenAt }: Staff) => ({ id, userName, name, roles, origin: origin.kind, hasPassword, disabledAt, madeAt, seenAt })

export const person = z.strictObject({
  id: anId, userName: z.string().meta({ description: 'As the log names this person.' }), name: z.string(), roles: z.array(z.string()), origin: z.enum(['local', 'oidc']),
  hasPassword: z.boolean(), disabledAt: anInstant.optional(), madeAt: anInstant, seenAt: anInstant.optional(),
}).meta({ id: 'Person', description: 'Somebody who may sign in.' })

export const coded = z.strictObject({ person, code: z.string().meta({ description: 'One-time code, to be typed at /sign-in/code. It is told once.' }), until: anInstant })
