// Turns a template and what it needs into HTML: nunjucks with autoescape, over our views and those of
// nhsuk-frontend. It refuses to fetch or decide anything: a view gets words that are ready to be shown.
import { fileURLToPath } from 'node:url'
import type { Response } from 'express'
import nunjucks from 'nunjucks'
import type { Link } from './navigation.ts'
import type { Right } from './rights.ts'
import { NHSUK_DIST, SCRIPT_PATH, SHEET_PATH } from './assets.ts'

const VIEWS = fileURLToPath(new URL('views', import.meta.url))

/** Something that is wrong and should be seen wherever somebody looks. */
export type Alert = { readonly text: string; readonly link: { readonly href: string; readonly text: string } }

/** What every page shows around its own content. */
export type Frame = {
  readonly banners: readonly string[]
  readonly alerts: readonly Alert[]
  /** The way through the pages, as far as the visitor may go. */
  readonly sections: readonly Link[]
  readonly pages: readonly Link[]
  /** Who has signed in, as pages show it. */
  readonly visitor?: string
  /** So that a page offers nothing that the visitor may not do. */
  readonly rights: readonly Right[]
  /** For each form of the page: it shows that the form is ours, and whose. */
  readonly formToken: string
  readonly sandboxUrl?: string
  /** On paper a page says of when it is. */
  readonly madeAt?: string
  readonly policy?: string
  /** Where the same data are as JSON. */
  readonly asJson?: string
}

const environment = new nunjucks.Environment(new nunjucks.FileSystemLoader([VIEWS, NHSUK_DIST]), { autoescape: true, trimBlocks: true, lstripBlocks: true })
environment.addGlobal('sheetPath', SHEET_PATH)
environment.addGlobal('scriptPath', SCRIPT_PATH)

export const render = (view: `${string}.njk`, context: { readonly frame: Frame; readonly [name: string]: unknown }): string => environment.render(view, context)

/** With the frame that the page was given. Not to be kept by a browser or a proxy. */
export const show = (res: Response, view: `${string}.njk`, context: object): void => {
  const frame = res.locals['frame'] as Frame
  res.setHeader('Cache-Control', 'no-store')
  res.type('html').send(render(view, { frame, formToken: frame.formToken, ...context }))
}
