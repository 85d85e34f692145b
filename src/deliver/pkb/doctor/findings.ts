// What the doctor says of one thing that it looked at, and why it could not look at another. Pure. It refuses to repeat
// what the other side said: only statuses, codes and names from closed lists come out.
import type { Outcome } from '../../../types.ts'

/** `not-checked`: something before it is wrong, or it was asked not to. */
export type Finding = { readonly about: string; readonly step: string; readonly result: 'ok' | 'wrong' | 'not-checked'; readonly says: string; readonly advice?: string }
export type Found = Omit<Finding, 'about' | 'step'>

export const ok = (says: string): Found => ({ result: 'ok', says })
export const wrong = (says: string, advice: string): Found => ({ result: 'wrong', says, advice })
export const notChecked = (because: string): Found => ({ result: 'not-checked', says: because })

/** What an outcome's code means for whoever keeps the settings, first fit. Codes of the token endpoint begin with TOKEN_. */
export type Meaning = readonly [codes: RegExp, says: string, advice: string]

const NETWORK: readonly Meaning[] = [
  [/(^|_)407$/u, 'a proxy on the way wants a name and a password first', 'Ask your network team to let this machine out to PKB without them: the engine signs in at no proxy.'],
  [/(^|_)511$/u, 'the network wants a sign-in first', 'Ask your network team to let this machine out to PKB without: the engine signs in at no page.'],
  [/TIMEOUT$/u, 'there was no answer in time', 'Try again; if it stays, ask PKB whether it sees the request, and your network team whether something between holds it.'],
  [/(^|_)(ECONNRESET|EPIPE|UND_ERR_SOCKET|CONNECTION_BROKEN|HPE_\w+)$/u, 'the connection broke off before there was a whole answer', 'Try again; if it stays, ask your network team what closes it on the way, and tell PKB the time.'],
  [/(^|_)(429|503)$/u, 'PKB is busy or closed for the moment', 'Try again later; PKB publishes its state at pkbstatus.com.'],
  [/(^|_)5\d\d$/u, 'the server failed', 'Try again; if it stays, tell PKB the time and the address.'],
  [/(^|_)3\d\d$/u, 'the address sends on to another one', 'Write the address that it sends to: the engine follows no redirect with credentials.'],
]

export const TOKEN: readonly Meaning[] = [
  [/^TOKEN_401$/u, 'client id or secret is wrong', 'Compare both with what PKB gave you for this endpoint: the Facade and the address for documents have credentials of their own.'],
  [/^TOKEN_400$/u, 'the address does not take these client credentials', 'See whether it is the token address of this endpoint, and ask PKB whether the client may use the grant client_credentials.'],
  [/^TOKEN_403$/u, 'the client or this machine is not let in', 'Ask PKB whether the client is enabled and whether it knows the address that your requests come from.'],
  [/^TOKEN_(404|405|410)$/u, 'there is no token endpoint at this address', 'Write the token address as PKB gave it, whole.'],
  [/^TOKEN_(NOT_FHIR|2\d\d)$/u, 'the address answers, but not with a token in JSON', 'Write the token address as PKB gave it, whole: this one is probably a page.'],
  ...NETWORK,
]

export const FHIR: readonly Meaning[] = [
  [/^TOKEN_/u, 'no token was given', 'Mend what the step token says.'],
  [/^401$/u, 'the token is not taken here', "PKB's tokens are good for one endpoint only: see that address, token address and client belong together."],
  [/^403$/u, 'the organisation id is not one of this client', 'Compare the id with the public id of your organisation at PKB (X-Org-Public-Id); ask PKB whether the client may do this.'],
  [/^(404|405|410|501)$/u, 'PKB does not offer this at the address', 'See whether the base address is whole, such as https://…/fhir, and ask PKB whether it is switched on for you.'],
  [/^NOT_FHIR$/u, 'the address answers, but not in FHIR', 'Write the base address as PKB gave it, whole: this one is probably a page.'],
  [/^(400|415|422)$/u, 'PKB does not understand the question', 'Tell PKB Integrations which step of this command it was: the interface may have changed.'],
  ...NETWORK,
]

export const HL7: readonly Meaning[] = [
  [/^(401|SOAP_SECURITY)$/u, 'user name or password is wrong', 'Compare both with what PKB gave you for HL7: they are not those of FHIR.'],
  [/^403$/u, 'PKB does not let this machine in', 'Tell PKB the address that your requests come from, the failover too: it is checked at the firewall and for your organisation. It can also be user name and password.'],
  [/^(404|405|410|415|SOAP_CLIENT|NOT_AN_ACK|NOT_OUR_ACK)$/u, 'there is no HL7 service of PKB at this address', 'Write the address as PKB gave it, with port and path, such as https://…:7443/services/hl7.'],
  [/^A[ER]\b/u, 'PKB takes the request and refuses the message', 'See sending_facility (the alias that PKB set up), and ask PKB what it holds against the message of this time.'],
  ...NETWORK,
]

export const meant = ({ code }: Outcome, meanings: readonly Meaning[]): Found => {
  const [, says, advice] = meanings.find(([codes]) => codes.test(code)) ?? []
  return wrong(`${says ?? 'it failed'} (${code})`, advice ?? 'Try again; if it stays, tell PKB the code and the time.')
}
