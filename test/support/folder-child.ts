// The folder feed in a process of its own, to be killed at any moment. Its ledger is a file with a line for each upload
// that it took; what it says goes to standard output.
//   node folder-child.ts '{"path":…,"content":…,"ledger":…,"dieAt":"taken"}'
import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { fingerprint } from '../../src/intake/fingerprint.ts'
import type { Pulse } from '../../src/intake/folder/claim.ts'
import { startFolderFeed } from '../../src/intake/folder/folder.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { FolderFeed } from '../../src/policy/schema.ts'

export type ChildOptions = {
  readonly path: string
  readonly content: string
  readonly ledger: string
  readonly feed: FolderFeed
  readonly pulse?: Pulse
  /** The moment in which it dies, at its first upload. */
  readonly dieAt?: 'stored' | 'asked' | 'taken' | 'ending'
}

const { content, ledger, feed, pulse, dieAt } = JSON.parse(process.argv[2]!) as ChildOptions
const die = (at: string): void => { if (at === dieAt) process.kill(process.pid, 'SIGKILL') }
const store = await openContent(content)
const dying: ContentStore = { ...store, writer: (limit) => {
  const writer = store.writer(limit)
  return { ...writer, keep: async () => { die('stored'); return writer.keep() } }
} }
let taken = false
await startFolderFeed({
  name: 'rio-folder',
  feed,
  content: dying,
  take: async (receipt) => {
    die('asked')
    appendFileSync(ledger, `${JSON.stringify({ documentId: (JSON.parse(receipt.skeleton) as { documentId: string }).documentId, fingerprint: fingerprint(receipt), sha256: receipt.contents[0]?.sha256 })}\n`)
    die('taken')
    taken = true
    return { kind: 'stored', id: 'd-1', revision: 1, state: 'waiting', bearing: 'in-order', controlIdShared: false, decision: {
      route: 'pkb', rule: 'share', because: 'It was uploaded to be shared.', conflict: false, variance: false, leftToTeam: false, labels: [], policy: 'ab12',
    } }
  },
  reject: async ({ code }) => appendFileSync(ledger, `${JSON.stringify({ rejected: code })}\n`),
  say: (event, fields) => { process.stdout.write(`${event} ${JSON.stringify(fields)}\n`) },
  now: () => {
    if (taken) die('ending')
    return new Date('2026-11-20T11:02:11.123Z')
  },
  newId: randomUUID,
  ...(pulse ? { pulse } : {}),
})
process.stdout.write('ready\n')
