// Lists of days on which nobody works, in whichever file they stand. It refuses a day that is in them already, and one on
// which nobody would work anyway: then another day was meant.
import { isWorkingDay } from '../../decide/working-days.ts'

export const freeDays = (days: readonly string[]): readonly { readonly at: number; readonly message: string }[] =>
  days.flatMap((day, at) => {
    if (days.indexOf(day) < at) return [{ at, message: `${day} stands in this list already: take it out` }]
    return isWorkingDay(day) ? [] : [{ at, message: `${day} is a Saturday, a Sunday or a usual bank holiday, and no working day anyway: write the day that is free instead, or take it out` }]
  })
