// Who sees to a reason for review, and how long that may take: as the trust's table says, else as the engine has it. Pure.
// It refuses to bear on what may go: a limit says when a document is late, and never what becomes of it.
import { REVIEW_REASONS, type ReviewReason } from './review-reason.ts'
import { beganBy, deadline } from './working-days.ts'
import { workedSince, workedUntil } from './working-hours.ts'

export type ReviewSpan = { readonly working_hours: number } | { readonly working_days: number }
export type ReviewLimit = { /** A role, never a person. */ readonly owner: string; /** After this it is late. */ readonly within: ReviewSpan; readonly not_on?: readonly string[] }

/** Of the reasons that the table names; `within` as it is written there. `Row`: with what else the table says of a reason. */
export type ReviewLimits<Row extends { readonly owner: string; readonly within: string } = { readonly owner: string; readonly within: string }> =
  { readonly [reason in ReviewReason]?: Row } & { /** Days on which nobody works beside weekends and the usual bank holidays: YYYY-MM-DD. */ readonly not_on?: readonly string[] }

/** From the shortest to the longest: a working week has 40 hours, and twelve weeks have 60 working days. */
export const MOST_HOURS = 40
export const MOST_DAYS = 60

/** `4 working hours`, `3 working days`; undefined for whatever else, and for what is not within the bounds. */
export const readSpan = (text: string): ReviewSpan | undefined => {
  const { 1: digits = '', 2: unit } = /^(\d{1,3}) working (hour|day)s?$/u.exec(text) ?? []
  const count = Number(digits)
  if (unit === undefined || count < 1 || count > (unit === 'hour' ? MOST_HOURS : MOST_DAYS)) return undefined
  return unit === 'hour' ? { working_hours: count } : { working_days: count }
}

export const spanInWords = (span: ReviewSpan): string => {
  const [count, unit] = 'working_hours' in span ? [span.working_hours, 'working hour'] : [span.working_days, 'working day']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** What is in force for a reason. */
export const limitOf = (limits: ReviewLimits, reason: ReviewReason): ReviewLimit => {
  const { owner, within } = REVIEW_REASONS[reason]
  const row = Object.hasOwn(limits, reason) ? limits[reason] : undefined
  const { not_on: days } = limits
  return { owner: row?.owner ?? owner, within: (row && readSpan(row.within)) ?? within, ...(days ? { not_on: days } : {}) }
}

/** When what began to wait then is late. */
export const dueBy = (since: string, { within, not_on: days = [] }: ReviewLimit): string =>
  ('working_hours' in within ? workedUntil(since, within.working_hours, days) : deadline(since, { ...within, not_on: days }))

/** The other way round: what began to wait by then is late now. */
export const lateSince = (now: string, { within, not_on: days = [] }: ReviewLimit): string =>
  ('working_hours' in within ? workedSince(now, within.working_hours, days) : beganBy(now, { ...within, not_on: days }))
