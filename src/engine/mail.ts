// Sends mail by the trust's own server. It refuses to repeat what the server said, which may hold addresses: a failure is
// told by its code.
import { createTransport } from 'nodemailer'

export type Letter = {
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string
  readonly attachment?: { readonly name: string; readonly type: string; readonly content: string }
}
/** `refused`: how many of those it was for, where others got it. */
export type Sent = { readonly ok: true; readonly refused: number } | { readonly ok: false; readonly code: string }
export type Mail = { send(letter: Letter): Promise<Sent>; close(): void }

const WITHIN_MS = 20_000
/** For a whole letter, however often the server says something in between. */
const WHOLE = 3

export const openMail = ({ url, from, withinMs = WITHIN_MS }: { readonly url: string; readonly from: string; readonly withinMs?: number }): Mail => {
  const transport = createTransport({ url, connectionTimeout: withinMs, greetingTimeout: withinMs, socketTimeout: withinMs, dnsTimeout: withinMs, disableFileAccess: true, disableUrlAccess: true })
  return {
    send: async ({ to, subject, text, attachment }) => {
      let impatient: NodeJS.Timeout | undefined
      const tooLong = new Promise<Sent>((resolve) => { impatient = setTimeout(() => resolve({ ok: false, code: 'ETIMEDOUT' }), WHOLE * withinMs) })
      const sending = transport.sendMail({
        from, to: [...to], subject, text, headers: { 'Auto-Submitted': 'auto-generated' },
        ...(attachment ? { attachments: [{ filename: attachment.name, contentType: attachment.type, content: attachment.content }] } : {}),
      }).then(({ rejected }): Sent => ({ ok: true, refused: rejected.length }), (error: unknown): Sent => ({ ok: false, code: codeOf(error) }))
      try {
        return await Promise.race([sending, tooLong])
      } finally {
        clearTimeout(impatient)
      }
    },
    close: () => transport.close(),
  }
}

/** `EENVELOPE 550`, `ECONNREFUSED`. Of what a socket met, what it met. */
const codeOf = (error: unknown): string => {
  const { code, message, responseCode } = error as { readonly code?: unknown; readonly message?: unknown; readonly responseCode?: unknown }
  const met = code === 'ESOCKET' && typeof message === 'string' ? /\bE[A-Z]{3,20}\b/u.exec(message)?.[0] : undefined
  const known = met ?? (typeof code === 'string' && /^[A-Z_]{1,40}$/u.test(code) ? code : 'MAIL_FAILED')
  return typeof responseCode === 'number' ? `${known} ${responseCode}` : known
}
