// Where each fact comes from, in one sentence: for editors, which show it beside the fact, and for the table in
// docs/mappings.md. It refuses to say what follows from a fact: that is what the rules are for.
import type { FactName } from '../types.ts'

export const FACT_ORIGINS = {
  instruction: 'The picklist of RiO, matched whole; two values that disagree are unrecognised',
  signals: 'Other places in the message that speak against sharing; the mapping lists them',
  code: "The 4-letter code that opens any of the document's names, looked up in document-codes.csv; two codes that disagree are unlisted",
  kind: 'The kind that document-codes.csv gives the code; unknown where the code is not there',
  producer: "The kind and the author's organisation: external if either says so; without an organisation, what the feed says under producer_when_missing",
  service: 'The RiO team, looked up in services.csv',
  directorate: 'The stricter of directorate and feed; live needs a sign-off and a go-live date that is not after the day on which the document first came in',
  identity: "The NHS number, its trace status, and PKB's date of birth",
  lifecycle: 'TXA-17, TXA-19 and the event, or the status and event of an upload',
  content: 'What the file itself is, whatever its name says; only an unprotected PDF is readable',
  person: 'The message, or PKB: deceased if either says so',
  post: 'The address, the mark that it must not be used, the list of custodial postcodes, and recorded needs for another format',
  account: 'What PKB answers; unknown until it has answered',
  hold: 'Whether a person stops the document here',
  release: 'How many people have released exactly this revision of the document; a new revision starts again at none',
} as const satisfies Record<FactName, string>
