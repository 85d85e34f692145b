// Turns a template and what it needs into HTML: nunjucks with autoescape, over our views and those of
// nhsuk-frontend. It refuses to fetch or decide anything: a view gets words that are ready to be shown.
import { fileURLToPath } from 'node:url'
import nunjucks from 'nunjucks'
import { NHSUK_DIST, SHEET_PATH } from './assets.ts'

const VIEWS = fileURLToPath(new URL('views', import.meta.url))

/** What every page shows around its own content. */
export type Frame = {
  readonly banners: readonly string[]
  /** Path of the page in the navigation that is open. */
  readonly current: string
  readonly sandboxUrl?: string
}

const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader([VIEWS, NHSUK_DIST]), { autoescape: true, trimBlocks: true, lstripBlocks: true })
environment.addGlobal('sheetPath', SHEET_PATH)

export const render = (view: `${string}.njk`, context: { readonly frame: Frame; readonly [name: string]: unknown }): string => environment.render(view, context)
