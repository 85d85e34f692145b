// By which ways somebody is told, as the settings say: mail, webhook, both or none. It refuses half a setting: who is told
// of nothing must not think that nothing is wrong.
import { payloadOf, subjectOf, textOf, type Notice } from '../decide/notification.ts'
import type { Way } from '../decide/incidents.ts'
import { Failure } from '../errors.ts'
import { readSetting, type Environment, type SettingName } from '../settings.ts'
import { openMail, type Mail } from './mail.ts'
import { openWebhook, type Webhook } from './webhook.ts'

/** `told`: the notices of which somebody knows now; `code`: why there are others. */
export type Telling = { readonly told: readonly string[]; readonly code?: string; readonly retryAfterSecs?: number }
export type AlertWays = {
  readonly ways: readonly Way[]
  /** For the outcomes of a day, too. */
  readonly mail?: Mail
  readonly console?: string
  tell(way: Way, notices: readonly Notice[]): Promise<Telling>
  test(): Promise<readonly Tested[]>
  close(): void
}
export type Tested = { readonly way: Way; readonly ok: boolean; readonly code?: string }

const ADDRESS = /^[^\s@<>",;:]{1,64}@[^\s@<>",;:]{1,255}$/u
const SHORTEST_SECRET = 16

/** Several, with commas in between. */
const addressesIn = (text: string): readonly string[] => text.split(',').map((one) => one.trim()).filter(Boolean)

const wrong = (says: string): never => { throw new Failure('SETTING_INVALID', says) }

/** Addresses without a slash at their end; what is not set is undefined. Throws SETTING_INVALID. */
export const readAlertSettings = (env: Environment) => {
  const of = (name: SettingName): string | undefined => readSetting(name, env)
  const [smtp, from, to] = [of('SMTP_URL'), of('ALERT_EMAIL_FROM'), of('ALERT_EMAIL_TO')]
  const [hook, secret, console] = [of('ALERT_WEBHOOK_URL'), of('ALERT_WEBHOOK_SECRET'), of('CONSOLE_URL')]
  if (smtp !== undefined && !isUrl(smtp, ['smtp:', 'smtps:'])) wrong('SMTP_URL is an address such as smtp://user:password@mail.example:587 or smtps://mail.example.')
  if (smtp !== undefined && ['logger', 'debug', 'transactionLog'].some((name) => new URL(smtp).searchParams.has(name))) wrong('SMTP_URL asks for a log of what is sent: take that out.')
  if ((smtp === undefined) !== (from === undefined)) wrong('SMTP_URL and ALERT_EMAIL_FROM belong together: set both, or none.')
  if (to !== undefined && smtp === undefined) wrong('ALERT_EMAIL_TO needs SMTP_URL and ALERT_EMAIL_FROM.')
  if (from !== undefined && !ADDRESS.test(from)) wrong('ALERT_EMAIL_FROM is one mail address.')
  if (to !== undefined && !addressesIn(to).every((one) => ADDRESS.test(one))) wrong('ALERT_EMAIL_TO is one mail address, or several with commas in between.')
  if (hook !== undefined && !isUrl(hook, ['https:', 'http:'])) wrong('ALERT_WEBHOOK_URL is an address that begins with https://.')
  if ((hook === undefined) !== (secret === undefined)) wrong('ALERT_WEBHOOK_URL and ALERT_WEBHOOK_SECRET belong together: set both, or none.')
  if (secret !== undefined && secret.length < SHORTEST_SECRET) wrong(`ALERT_WEBHOOK_SECRET has at least ${SHORTEST_SECRET} characters.`)
  if (console !== undefined && !isUrl(console, ['https:', 'http:'])) wrong('CONSOLE_URL is the address of the pages, such as https://openletter.example.')
  return { smtp, from, to: to === undefined ? [] : addressesIn(to), hook, secret, console: console?.replace(/\/+$/u, '') }
}

const isUrl = (text: string, protocols: readonly string[]): boolean => URL.canParse(text) && protocols.includes(new URL(text).protocol) && new URL(text).hostname !== ''

export const openAlertWays = (env: Environment, { now, withinMs }: { readonly now: () => Date; readonly withinMs?: number }): AlertWays => {
  const { smtp, from, to, hook, secret, console } = readAlertSettings(env)
  const patience = withinMs === undefined ? {} : { withinMs }
  const mail = smtp !== undefined && from !== undefined ? openMail({ url: smtp, from, ...patience }) : undefined
  const webhook = hook !== undefined && secret !== undefined ? openWebhook({ url: hook, secret, now, ...patience }) : undefined
  const parts = () => ({ now: now().toISOString(), ...(console === undefined ? {} : { console }) })
  const ways: readonly Way[] = [...(mail && to.length > 0 ? ['email' as const] : []), ...(webhook ? ['webhook' as const] : [])]

  const byMail = async (by: Mail, notices: readonly Notice[]): Promise<Telling> => {
    const sent = await by.send({ to, subject: subjectOf(notices), text: textOf(notices, parts()) })
    return sent.ok ? { told: notices.map(({ id }) => id), ...(sent.refused > 0 ? { code: 'SOME_REFUSED' } : {}) } : { told: [], code: sent.code }
  }
  /** One by one: after the first that is not taken the others wait, too. */
  const byWebhook = async (by: Webhook, notices: readonly Notice[]): Promise<Telling> => {
    const told: string[] = []
    for (const notice of notices) {
      const posted = await by.post(payloadOf(notice, parts()))
      if (!posted.ok) return { told, code: posted.code, ...(posted.retryAfterSecs === undefined ? {} : { retryAfterSecs: posted.retryAfterSecs }) }
      told.push(notice.id)
    }
    return { told }
  }
  const test = async (way: Way): Promise<Tested> => {
    const text = `This is a test of Openletter's alerts. Nothing is wrong.${console === undefined ? '' : `\n\nAll alerts: ${console}/alerts`}`
    if (way === 'webhook') {
      const posted = await webhook!.post(JSON.stringify({ type: 'alert.test', at: now().toISOString() }))
      return { way, ok: posted.ok, ...(posted.ok ? {} : { code: posted.code }) }
    }
    const sent = await mail!.send({ to, subject: 'Openletter: test', text })
    const code = !sent.ok ? sent.code : sent.refused > 0 ? 'SOME_REFUSED' : undefined
    return { way, ok: code === undefined, ...(code === undefined ? {} : { code }) }
  }

  return {
    ways, ...(mail ? { mail } : {}), ...(console === undefined ? {} : { console }),
    tell: (way, notices) => (way === 'email' ? byMail(mail!, notices) : byWebhook(webhook!, notices)),
    test: () => Promise.all(ways.map(test)),
    close: () => mail?.close(),
  }
}
