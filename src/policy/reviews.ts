// When each directorate's sign-off is to be looked at again. It refuses to stop anything: whether sharing goes on after
// the date is for the directorate's management team, so an overdue review is said loudly and changes no decision.
import type { Policy } from './policy.ts'
import type { Directorate } from './schema.ts'

export type Review = {
  readonly directorate: string
  readonly name: string
  readonly status: Directorate['status']
  readonly signedOffBy?: string
  /** YYYY-MM-DD, as all dates here. */
  readonly signedOffOn?: string
  readonly goLive?: string
  readonly reviewBy?: string
  /** Live, and the date has passed. On the day itself there is still time. */
  readonly overdue: boolean
  /** Live, and the date comes within 30 days. */
  readonly dueSoon: boolean
}

const SOON_DAYS = 30

/** Every directorate in the order of its table. `today` is the day in London. */
export const reviewsOf = (policy: Pick<Policy, 'directorates'>, today: string): readonly Review[] =>
  Object.entries(policy.directorates).map(([directorate, row]): Review => {
    const live = row.status === 'live' && row.review_by !== ''
    const overdue = live && row.review_by < today
    return {
      directorate, name: row.name, status: row.status, overdue, dueSoon: live && !overdue && row.review_by <= daysAfter(today, SOON_DAYS),
      ...given('signedOffBy', row.signed_off_by), ...given('signedOffOn', row.signed_off_on), ...given('goLive', row.go_live), ...given('reviewBy', row.review_by),
    }
  })

const given = <K extends string>(key: K, text: string): { readonly [key in K]?: string } => (text === '' ? {} : { [key]: text } as { readonly [key in K]: string })

const daysAfter = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)

/** A sentence for one that is overdue. */
export const overdueInWords = ({ name, reviewBy }: Review): string => `The sign-off of ${name} was to be reviewed by ${reviewBy}, and has not been.`
