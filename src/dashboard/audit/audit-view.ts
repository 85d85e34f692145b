// The log in words ready for a view. It refuses to name a patient: an entry holds none, and leads to its document.
import type { BrokenLink, ChainWalk, TrailEntry } from '../../ledger/ledger.ts'
import { AUDIT_KINDS } from '../../observe/events.ts'
import { eventView } from '../documents/story-view.ts'
import { londonTime } from '../times.ts'
import { AUDIT_IN_WORDS } from '../words.ts'

type Raw = { readonly [name: string]: unknown }
const FIELDS = ['who', 'kind', 'document', 'since', 'until'] as const

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '')

const hrefOf = (query: Raw, cursor?: string): string => {
  const params = new URLSearchParams(FIELDS.flatMap((name) => (textOf(query[name]) === '' ? [] : [[name, textOf(query[name])]])))
  if (cursor !== undefined) params.set('cursor', cursor)
  return params.size === 0 ? '/audit' : `/audit?${params}`
}

export const auditView = (query: Raw, entries: readonly TrailEntry[], cursor: string | undefined) => {
  const kind = textOf(query['kind']) || 'people'
  const known = [{ value: 'people', text: 'All that people and programs did' }, { value: 'looked', text: 'Who saw whose documents' }, { value: 'all', text: 'Everything, the engine too' }, ...AUDIT_KINDS.filter((one) => one !== 'looked').map((value) => ({ value, text: AUDIT_IN_WORDS[value] }))]
  return {
    form: {
      who: textOf(query['who']), document: textOf(query['document']), since: textOf(query['since']).slice(0, 10), until: textOf(query['until']).slice(0, 10),
      // A choice that the address has and the list has not is offered too, so that the form never lies about what is shown.
      kinds: (known.some(({ value }) => value === kind) ? known : [...known, { value: kind, text: kind }]).map((one) => ({ ...one, selected: one.value === kind })),
    },
    filtered: hrefOf(query) !== '/audit',
    entries: entries.map((entry) => ({
      ...eventView(entry),
      ...(entry.documentId === undefined ? {} : { document: { href: `/documents/${entry.documentId}`, text: entry.sourceId ?? entry.documentId } }),
    })),
    ...(query['cursor'] === undefined ? {} : { first: hrefOf(query) }),
    ...(cursor === undefined ? {} : { next: hrefOf(query, cursor) }),
  }
}

// ---------------------------------------------------------------- the chain

const WHY_BROKEN = {
  changed: 'it was changed after it was written, or one before it was taken out or put in',
  missing: 'it is not there',
  added: 'it stands outside the log, before its first entry or beyond its end',
  end: 'the log does not end as it was written',
  'not-as-noted': 'its hash is not the one that was noted',
} as const satisfies Record<BrokenLink['why'], string>

const count = (entries: number): string => `${entries.toLocaleString('en-GB')} ${entries === 1 ? 'entry' : 'entries'}`

/** What was last found, and whether it is being checked. */
export const walkView = (walked: { readonly at: string; readonly walk: ChainWalk } | undefined, since: string | undefined) => ({
  ...(since === undefined ? {} : { underWay: `Being checked since ${londonTime(since)}.` }),
  ...(walked === undefined ? { says: 'Not checked since this engine was started.' } : {
    holds: walked.walk.broken === undefined,
    state: walked.walk.broken === undefined ? { text: 'Holds', colour: 'green' } : { text: 'Broken', colour: 'red' },
    says: walked.walk.broken === undefined
      ? `Each of ${count(walked.walk.entries)} fits the one before it. Checked ${londonTime(walked.at)}.`
      : `Broken at entry ${walked.walk.broken.seq}${walked.walk.broken.at === undefined ? '' : ` of ${londonTime(walked.walk.broken.at)}`}: ${WHY_BROKEN[walked.walk.broken.why]}. Before it, ${count(walked.walk.entries)} hold. Checked ${londonTime(walked.at)}.`,
    ...(walked.walk.broken === undefined && walked.walk.entries > 0 ? { note: `${walked.walk.entries}:${walked.walk.hash}` } : {}),
  }),
})
