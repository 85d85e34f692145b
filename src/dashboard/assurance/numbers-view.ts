// Numbers and parts as pages show them, each with a link to the documents behind it where a list can show just those. It
// refuses to make a link of a nought.
export type Params = { readonly [name: string]: string | undefined }
export type Cell = { readonly head: string; readonly text: string; readonly href?: string; readonly mark?: string }

export const number = (value: number): string => value.toLocaleString('en-GB')
export const percent = (rate: number): string => `${(rate * 100).toLocaleString('en-GB', { maximumFractionDigits: 1 })}%`
/** `2026-11`: November 2026. */
export const monthName = (month: string): string =>
  new Intl.DateTimeFormat('en-GB', { timeZone: 'UTC', month: 'long', year: 'numeric' }).format(new Date(`${month}-01T00:00:00Z`))
export const hrefTo = (path: string, params: Params): string => `${path}?${new URLSearchParams(Object.entries(params).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))}`

/** Nothing is behind a nought. */
export const counted = (head: string, value: number, href: string | undefined): Cell => ({ head, text: number(value), ...(value > 0 && href !== undefined ? { href } : {}) })
