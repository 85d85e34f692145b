// Says each sign-off whose review is overdue: when the engine starts, when another policy is in force, and once a day.
// It refuses to do more than say it: see `policy/reviews.ts`.
import type { Say } from '../observe/events.ts'
import type { Policy } from '../policy/policy.ts'
import { londonDay } from '../decide/london.ts'
import { reviewsOf, type Review } from '../policy/reviews.ts'

export type Reviews = {
  list(): readonly Review[]
  overdue(): readonly Review[]
  tell(): void
  close(): Promise<void>
}

const EVERY_MS = 15 * 60_000

export const openReviews = ({ policy, say, now, everyMs = EVERY_MS }: { readonly policy: () => Policy; readonly say: Say; readonly now: () => Date; readonly everyMs?: number }): Reviews => {
  let told = ''
  const list = (): readonly Review[] => reviewsOf(policy(), londonDay(now()))
  const overdue = (): readonly Review[] => list().filter((review) => review.overdue)
  const tell = (): void => {
    told = londonDay(now())
    for (const { directorate, reviewBy } of overdue()) say('review_overdue', { directorate, review_by: reviewBy ?? '' })
  }
  const timer = setInterval(() => { if (londonDay(now()) !== told) tell() }, everyMs)
  timer.unref()
  return { list, overdue, tell, close: async () => clearInterval(timer) }
}
