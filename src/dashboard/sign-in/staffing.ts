// What an administrator does to accounts, by page, by program or by command. It refuses to take the last administrator's
// rights away, to give roles to whoever has them from the identity provider, and to show a code twice.
import { Failure } from '../../errors.ts'
import type { Ledger, Staff } from '../../ledger/ledger.ts'
import type { Wish } from '../reason.ts'
import type { Role } from '../rights.ts'
import { CODE_HOURS, keptCode, newCode } from './codes.ts'

export type StaffParts = { readonly ledger: Pick<Ledger, 'staff' | 'inviteStaff' | 'resetStaff' | 'changeRoles' | 'disableStaff' | 'enableStaff'>; readonly now: () => Date }

/** `code` is told here and nowhere else. */
export type Coded = { readonly staff: Staff; readonly code: string; readonly until: string }

const by = ({ now }: StaffParts, wish: Wish) => ({ ...wish, at: now().toISOString() })

export const invite = async (parts: StaffParts, given: { readonly userName: string; readonly name: string; readonly roles: readonly Role[] }, wish: Wish): Promise<Coded | 'taken'> => {
  const code = newCode()
  const kept = keptCode(code, CODE_HOURS.invited, parts.now())
  const staff = await parts.ledger.inviteStaff(given, kept, by(parts, wish))
  return staff === 'taken' ? 'taken' : { staff, code, until: kept.until }
}

export const taken = (): Failure => new Failure('USER_NAME_TAKEN', 'Nobody was invited.')

export const staffWithId = async ({ ledger }: StaffParts, id: unknown): Promise<Staff> => {
  const found = (await ledger.staff()).find((one) => one.id === id)
  if (!found) throw new Failure('NOT_FOUND', 'There is no such account.')
  return found
}

export const reset = async (parts: StaffParts, id: unknown, wish: Wish): Promise<Coded> => {
  const found = await staffWithId(parts, id)
  const code = newCode()
  const kept = keptCode(code, CODE_HOURS.reset, parts.now())
  const staff = await parts.ledger.resetStaff(found.id, kept, by(parts, wish))
  if (staff === undefined || staff === 'not-local') throw new Failure('QUERY_INVALID', 'This person signs in at the identity provider and has no password here.')
  return { staff, code, until: kept.until }
}

const kept = (staff: Staff | 'last-admin' | undefined): Staff => {
  if (staff === 'last-admin') throw new Failure('LAST_ADMIN', 'Nothing was changed: nobody else could say who may come in.')
  if (!staff) throw new Failure('NOT_FOUND', 'There is no such account.')
  return staff
}

export const giveRoles = async (parts: StaffParts, id: unknown, roles: readonly Role[], wish: Wish): Promise<Staff> => {
  const found = await staffWithId(parts, id)
  if (found.origin.kind === 'oidc') throw new Failure('QUERY_INVALID', 'The roles of this person come from the identity provider.')
  return kept(await parts.ledger.changeRoles(found.id, roles, by(parts, wish)))
}

export const disable = async (parts: StaffParts, id: unknown, wish: Wish): Promise<Staff> => {
  const found = await staffWithId(parts, id)
  if (found.disabledAt !== undefined) throw new Failure('ALREADY_DONE', 'The account is disabled.')
  return kept(await parts.ledger.disableStaff(found.id, by(parts, wish)))
}

export const enable = async (parts: StaffParts, id: unknown, wish: Wish): Promise<Staff> => {
  const found = await staffWithId(parts, id)
  if (found.disabledAt === undefined) throw new Failure('ALREADY_DONE', 'The account is not disabled.')
  return kept(await parts.ledger.enableStaff(found.id, by(parts, wish)))
}
