// Audit, tokens, the story with and without its patient, and the ways to sign in, in a real browser: they fit narrow and wide
// screens and keep nobody out. Pictures go to SHOTS, if that is set.
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { openProvider } from '../../src/dashboard/sign-in/provider.ts'
import { BACK, signInWays } from '../../src/dashboard/sign-in/provider-settings.ts'
import { inBrowser, startBrowser, type TestBrowser } from '../support/browser.ts'
import { formOf, signedInAs, startDashboard, type TestDashboard } from '../support/dashboard.ts'
import { ADA } from '../support/documents.ts'
import { aLedger, work, type TestLedger } from '../support/ledger.ts'

const { source: axe } = createRequire(import.meta.url)('axe-core') as { readonly source: string }
const SHOTS = process.env['SHOTS']
const WHY = 'The wrong letter was attached to this document'

inBrowser('in a browser', () => {
  let place: TestLedger
  let [admin, viewer, stranger]: TestDashboard[] = []
  let browser: TestBrowser
  let id: string

  beforeAll(async () => {
    place = await aLedger()
    const { ledger, clock } = place
    const by = { actor: 'jane (pages)', reason: 'for the night report', at: clock.at.toISOString() }
    await ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, by.at)
    id = (await place.upload({ documentId: 'RIO-1000123' })).id
    await work(place, id, 'pkb')
    await ledger.looked([{ id }], { actor: 'olu.adeyemi@trust.example (pages)', what: 'content' }, by.at)
    await ledger.hold(id, 'olu.adeyemi@trust.example (pages)', WHY, by.at)
    await ledger.makeToken({ name: 'reporting', sha256: 'x', rights: ['see', 'audit'], expiresAt: '2027-03-31T23:00:00.000Z' }, by)
    const gone = await ledger.makeToken({ name: 'old-script', sha256: 'y', rights: ['see'], expiresAt: '2027-03-31T23:00:00.000Z' }, by)
    await ledger.revokeToken(gone!.id, by)
    const { provider } = signInWays({ SIGN_IN: 'both', OIDC_ISSUER: 'http://127.0.0.1:1', OIDC_CLIENT_ID: 'a', OIDC_CLIENT_SECRET: 'b', OIDC_REDIRECT_URL: `https://letters.example${BACK}`, OIDC_ROLES: 'a=admin' })
    const parts = { ledger, policy: () => place.policy, now: () => clock.at }
    admin = await startDashboard(parts)
    viewer = await startDashboard({ ...parts, visitors: signedInAs('viewer') })
    stranger = await startDashboard({ ...parts, provider: openProvider(provider!, () => clock.at), visitors: { of: () => Promise.resolve(undefined) } })
    await fetch(`${admin.url}/audit/verify`, formOf({ formToken: 'form-of-admin' }))
    browser = await startBrowser()
  }, 120_000)
  afterAll(async () => {
    await browser?.close()
    for (const one of [admin, viewer, stranger]) await one?.close()
    await place?.close()
  })

  const at = {
    audit: [() => `${admin!.url}/audit`, WHY], 'audit-wrong': [() => `${admin!.url}/audit?kind=none`, 'There is a problem'], tokens: [() => `${admin!.url}/tokens`, 'old-script'],
    masked: [() => `${viewer!.url}/documents/${id}`, 'Hidden: your roles'], unmasked: [() => `${admin!.url}/documents/${id}`, 'Ada Example'], search: [() => `${viewer!.url}/search`, 'RiO document id'],
    away: [() => `${stranger!.url}/sign-in/provider`, 'it does not answer'], out: [() => `${stranger!.url}/sign-in?message=signed-out`, 'Sign out there too'],
  } as const satisfies Record<string, readonly [() => string, string]>

  test.each(Object.entries(at))('%s', async (name, [url, says]) => {
    const { context } = await browser.window(1440, { script: true })
    const page = await context.newPage()
    for (const width of [320, 360, 1440]) {
      await page.setViewportSize({ width, height: 900 })
      await page.goto(url())
      expect(await page.content()).toContain(says)
      if (SHOTS && width !== 320) await page.screenshot({ path: join(SHOTS, `${name}-${width}.png`), fullPage: true })
      expect([name, width, await page.evaluate('document.documentElement.scrollWidth <= window.innerWidth')]).toEqual([name, width, true])
      const { violations } = (await page.evaluate(`(() => { ${axe}; return axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }) })()`)) as { readonly violations: readonly { readonly id: string; readonly nodes: readonly { readonly html: string }[] }[] }
      expect(violations.map((one) => [one.id, one.nodes.map(({ html }) => html)])).toEqual([])
    }
    await context.close()
  }, 120_000)
})
