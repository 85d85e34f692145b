// The same contract for every feed: real sockets, real folders, a real content store, and the real ledger.
import { afterAll, describe } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startHttp } from '../../src/dashboard/listen.ts'
import { ERRORS } from '../../src/errors.ts'
import { httpFeed } from '../../src/intake/http/router.ts'
import type { RejectMessage } from '../../src/intake/take.ts'
import { feedContract, type Answer, type FeedKind, type Letter } from '../contracts/feed.ts'
import { folderStand, keptContent, removeFolderStore, DAY } from '../support/folder-feed.ts'
import { TOKEN } from '../support/http-feed.ts'
import { aMdm } from '../support/mdm.ts'
import { mllpStand, removeMllpStore, verdictOf, wireTo } from '../support/mllp-feed.ts'
import { until } from '../support/until.ts'
import { anUpload } from '../support/upload.ts'

afterAll(() => {
  removeFolderStore()
  removeMllpStore()
})

const codeIn = (text: string): string => Object.keys(ERRORS).find((code) => new RegExp(`\\b${code}\\b`, 'u').test(text)) ?? text
const metadataOf = ({ documentId, name = 'CLIN Clinic letter.pdf' }: Letter): object => anUpload({ documentId: documentId || undefined, name })

const mllp: FeedKind = {
  feed: 'rio-mllp',
  largest: 4 * 1024 * 1024,
  tooLarge: { refused: 'FRAME_TOO_LARGE' },
  open: async (options) => {
    const stand = await mllpStand(options)
    const sent = new Map<string, string>()
    const say = async (text: string): Promise<Answer> => {
      const wire = await wireTo(stand.port)
      try {
        await wire.message(text).catch(() => undefined)
        const answer = await wire.answer()
        if (verdictOf(answer).startsWith('AA')) return { said: 'taken' }
        return answer.includes('|207^') ? { said: 'later' } : { said: 'refused', code: codeIn(answer) }
      } finally {
        wire.socket.destroy()
      }
    }
    return {
      rejected: stand.rejected, said: stand.said, content: stand.content,
      send: (letter) => {
        const text = aMdm({ documentId: letter.documentId, file: letter.bytes }).replace('CLIN Clinic letter.pdf', letter.name ?? 'CLIN Clinic letter.pdf')
        // A message sent again has the control id that it had.
        const controlId = sent.get(text) ?? randomUUID().slice(0, 20)
        sent.set(text, controlId)
        return say(text.replace('MSG0001', controlId))
      },
      sendUnreadable: (secret) => say(`PID|1||${secret}\rMSH|^~\\&|\r`),
      close: stand.close,
      remove: async () => {},
    }
  },
}

const http: FeedKind = {
  feed: 'rio-http',
  largest: 1024 * 1024,
  tooLarge: { refused: 'TOO_LARGE' },
  open: async ({ take, reject }) => {
    const { content } = await keptContent()
    const rejected: Parameters<RejectMessage>[0][] = []
    const said: string[] = []
    const router = httpFeed({
      name: 'rio-http', content, take, reject: reject ?? (async (message) => { rejected.push(message) }), newId: randomUUID, now: () => new Date('2026-11-20T11:02:11.123Z'),
      say: (event, fields) => { said.push(`${event} ${JSON.stringify(fields)}`) },
      feed: {
        kind: 'feed', type: 'http', approved_by: 'Head of Clinical Records', approved_on: '2026-10-01', mapping: 'rio-upload', status: 'live', producer_when_missing: 'unknown',
        tests: [], token: TOKEN, max_document_mb: 1,
      },
    })
    const listening = await startHttp({ host: '127.0.0.1', port: 0, routers: [router], behindProxy: false })
    const post = async (metadata: string, bytes: Buffer): Promise<Answer> => {
      const form = new FormData()
      form.append('metadata', new Blob([metadata], { type: 'application/json' }), 'metadata.json')
      form.append('file', new Blob([new Uint8Array(bytes)], { type: 'application/pdf' }), 'CLIN letter.pdf')
      const response = await fetch(`${listening.url}/feeds/rio-http/documents`, { method: 'POST', headers: { authorization: `Bearer ${TOKEN}` }, body: form })
      const text = await response.text()
      return response.ok ? { said: 'taken' } : response.status === 503 ? { said: 'later' } : { said: 'refused', code: codeIn(text) }
    }
    let closed: Promise<void> | undefined
    return {
      rejected, said, content,
      send: (letter) => post(JSON.stringify(metadataOf(letter)), letter.bytes),
      sendUnreadable: (secret) => post(`{"name":"${secret}`, Buffer.from('x')),
      close: () => (closed ??= listening.close()),
      remove: async () => {},
    }
  },
}

const folder: FeedKind = {
  feed: 'rio-folder',
  largest: 1024 * 1024,
  tooLarge: { fact: true },
  open: async (options) => {
    const stand = await folderStand({ idle: true, ...options })
    const running = await stand.start()
    let sends = 0
    const outcome = (name: string): Promise<Answer> => until(`${name} has an outcome`, () => {
      const files = stand.files()
      if (files.some((file) => file.startsWith('taking/') && file.includes(name))) return undefined
      if (files.includes(`done/${DAY}/${name}`)) return { said: 'taken' as const }
      return files.includes(`rejected/${name}`) ? { said: 'refused' as const, code: codeIn(stand.text(`rejected/${name}.reason.txt`)) } : undefined
    })
    return {
      rejected: stand.rejected, said: stand.said, content: stand.content,
      send: (letter) => {
        const base = `letter ${++sends}`
        stand.putMetadata(`${base}.json`, metadataOf(letter))
        writeFileSync(join(stand.path, `${base}.pdf`), letter.bytes)
        return outcome(`${base}.json`)
      },
      sendUnreadable: (secret) => {
        const name = `unreadable ${++sends}.json`
        stand.put(name, `{"name":"${secret}`)
        return outcome(name)
      },
      close: running.close,
      remove: stand.close,
    }
  },
}

describe.each([['MLLP', mllp], ['HTTP', http], ['folder', folder]] as const)('the %s feed', (_name, kind) => { feedContract(kind) })
