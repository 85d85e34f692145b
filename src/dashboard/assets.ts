// The style sheet, the one script and pictures, from this machine only. It refuses the fonts that nhsuk-frontend would fetch from
// assets.nhs.uk: the pages ask nothing of the network, and fall back to Arial.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import express, { type Router } from 'express'

export const NHSUK_DIST = join(dirname(createRequire(import.meta.url).resolve('nhsuk-frontend/package.json')), 'dist')
const OWN = fileURLToPath(new URL('assets/openletter.css', import.meta.url))

const sheet = `${readFileSync(join(NHSUK_DIST, 'nhsuk', 'nhsuk-frontend.min.css'), 'utf8')
  .replace(/@font-face\{[^}]*\}/gu, '')
  .replace(/\/\*# sourceMappingURL=.*$/u, '')}\n${readFileSync(OWN, 'utf8')}`

/** Changes whenever the sheet does, so browsers may keep it for good. */
export const SHEET_PATH = `/assets/openletter-${createHash('sha256').update(sheet).digest('hex').slice(0, 12)}.css`

const script = readFileSync(fileURLToPath(new URL('assets/live.js', import.meta.url)), 'utf8')
export const SCRIPT_PATH = `/assets/live-${createHash('sha256').update(script).digest('hex').slice(0, 12)}.js`

export const assets = (): Router => {
  const router = express.Router()
  router.get(SHEET_PATH, (_req, res) => {
    res.setHeader('Cache-Control', 'public, max-age=31536000, immutable')
    res.type('css').send(sheet)
  })
  router.get(SCRIPT_PATH, (_req, res) => {
    res.setHeader('Cache-Control', 'public, max-age=31536000, immutable')
    res.type('js').send(script)
  })
  router.use('/assets', express.static(join(NHSUK_DIST, 'nhsuk', 'assets'), { index: false, maxAge: '1 day' }))
  return router
}
