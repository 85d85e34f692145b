// How the pages put each cause of a failure into words: what it means and what a person does about it. It refuses to judge:
// which cause it is was decided before.
import type { Cause } from '../../decide/cause.ts'
import type { FailureRow } from '../../ledger/ledger.ts'
import type { Colour } from '../words.ts'

type CauseWords = { readonly text: string; readonly colour: Colour; readonly means: string; readonly act: string }

export const CAUSES_IN_WORDS = {
  'second-key': {
    text: 'Second key', colour: 'red', means: 'The last check before sending refused it: what would have been sent was not what was decided. Nothing was sent.',
    act: 'Read the document’s story. Only a new decision clears it.',
  },
  'our-fault': {
    text: 'Our side', colour: 'red', means: 'Something was missing on this side: in the policy, in the document, on the disk or in the engine.',
    act: 'Mend what the signature names. What waits for a person has to be retried afterwards.',
  },
  credentials: {
    text: 'Credentials', colour: 'red', means: 'The destination refuses this engine: its token, organisation or address. No document is at fault.',
    act: 'npx openletter pkb doctor says which. Mend the settings and start the engine again, or ask PKB Integrations: everything goes on by itself then.',
  },
  refused: {
    text: 'Refused', colour: 'red', means: 'The destination refused these documents. It would refuse them again unchanged.',
    act: 'Read the attempt and mend the cause first. A retry needs a reason.',
  },
  'not-registered': {
    text: 'Not registered', colour: 'grey', means: 'PKB has no account for the patient.', act: 'Nothing: it is decided again, and goes by post where the policy says so.',
  },
  'pkb-down': {
    text: 'Destination down', colour: 'orange', means: 'The destination was reached and did not answer, or not so that anything could be made of it. It may have the letter.',
    act: 'PKB’s status page. The engine looks before it sends again; what waits for a person is for PKB to be asked about.',
  },
  'network-tls': {
    text: 'Network or TLS', colour: 'orange', means: 'There was no connection: its name, route, port or certificate.',
    act: 'Look at the network, the proxy and the certificates of this machine. It is tried again by itself.',
  },
  'rate-limit': {
    text: 'Rate limit', colour: 'yellow', means: 'The destination asks for fewer requests.', act: 'Nothing for a while; where it lasts, lower per_minute in the channel file.',
  },
} as const satisfies Record<Cause, CauseWords>

/** Where PKB did not say whether there is an account, nothing was sent, whatever the cause. */
export const ACCOUNTS_IN_WORDS = {
  means: 'PKB was asked whether the patient has an account, and did not say. Nothing was sent.',
  act: 'PKB’s status page, and npx openletter pkb doctor. It is asked again by itself, less and less often; a retry has it asked at once.',
} as const satisfies Pick<CauseWords, 'means' | 'act'>

/** PKB met an error with the message itself, and asks that nobody sends it again of his own accord. */
export const AE_IN_WORDS = {
  means: 'PKB answered that it met an error of its own with the message (AE). It may have the letter, and by HL7 nobody can look.',
  act: 'Ask PKB Integrations what it holds against the message: the document has the time and the id of each attempt. Retry when PKB says so: it goes under the same number, so nothing is doubled. Or print it instead.',
} as const satisfies Pick<CauseWords, 'means' | 'act'>

export const FATES_IN_WORDS = {
  person: 'Waits for a person', again: 'Tried again by itself', behind: 'Not tried yet: its destination is away',
} as const satisfies Record<FailureRow['fate'], string>
