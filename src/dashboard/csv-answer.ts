// A table as a file for a spreadsheet: the one way in which CSV leaves the pages and the API. It refuses to be kept by a
// browser, because what it counts changes.
import type { Response } from 'express'

/** `name`: of the file, with its ending; letters, digits and hyphens only. */
export const sendCsv = (res: Response, name: string, text: string): void => {
  res.setHeader('Content-Disposition', `attachment; filename="${name}"`)
  res.setHeader('Cache-Control', 'no-store')
  res.type('text/csv').send(text)
}
