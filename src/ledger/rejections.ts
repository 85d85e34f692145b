// Messages that were refused. Each is kept, so that nothing that came in is lost, and the same one once however often
// it is sent. It refuses more than 64 KB of one.
import type { Rejected } from './ledger.ts'
import { audit } from './workspace.ts'
import type { Workspace } from './workspace.ts'

const MOST_CHARACTERS = 65_536

/** `fingerprint` where it is known: with it, the same message is kept once. */
export const refuseMessage = (space: Workspace, rejected: Rejected, fingerprint?: string): void => {
  const { feed, at, code, detail, skeleton } = rejected
  if (fingerprint !== undefined && space.writes.rejections.some((row) => row['fingerprint'] === fingerprint)) return
  space.writes.rejections.push({
    id: space.parts.newId(), at, feed, code, detail, fingerprint,
    // PostgreSQL stores no NUL, and a message may be refused for having one.
    skeleton: skeleton.slice(0, MOST_CHARACTERS).replaceAll('\0', '␀'),
  })
  if (fingerprint === undefined) audit(space, { at, kind: 'rejected', actor: feed }, { code })
}
