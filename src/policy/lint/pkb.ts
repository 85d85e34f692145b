// pkb.yaml, seen with itself and with the tables: addresses that can be written to, codes and teams that PKB has to be
// told of, deadlines that could never be met. It refuses an address that nobody at PKB has confirmed, and an engine
// that would ask the sandbox for accounts and send letters to PKB.
import { readSetting, type Environment } from '../../settings.ts'
import { addressesOf, isSandbox } from '../pkb-addresses.ts'
import { freeDays } from './free-days.ts'
import { wrongIn, type PolicyProblem } from '../problem.ts'
import { didYouMean, nearest } from '../read/nearest.ts'
import type { Read } from '../read/every-file.ts'
import type { YamlFile } from '../read/yaml.ts'
import type { PkbDestination } from '../schema.ts'

type Wrong = { readonly path: readonly PropertyKey[]; readonly message: string }
type Check = (value: PkbDestination, read: Read) => readonly Wrong[]

export const pkb = (value: PkbDestination, yaml: YamlFile, read: Read, env: Environment): readonly PolicyProblem[] =>
  [...addresses(value, read), ...tokenAddress(env), ...CHECKS.flatMap((check) => check(value, read))].map(({ path, message }) => wrongIn(yaml)(path, message))

// ---------------------------------------------------------------- addresses

const addresses: Check = (value) => {
  const wrong = addressesOf(value).flatMap(({ path, url }) => { const message = path[0] === 'hl7_soap' ? soapAdvice(url) : addressAdvice(url, PKB_TAKES.fhir); return message ? [{ path, message }] : [] })
  // What cannot be an address is not yet one of the sandbox or of PKB.
  return wrong.length > 0 ? wrong : [...unconfirmed(value), ...mixed(value)]
}

const PKB_TAKES = { fhir: 'client_id and client_secret', soap: 'username and password' } as const

const addressAdvice = (url: string, takes: string, example = 'https://example.nhs.uk/fhir'): string | undefined => {
  if (!URL.canParse(url)) return `write an address such as ${example}`
  const { protocol, username, password } = new URL(url)
  if (username !== '' || password !== '') return `take name and password out of the address: a secret must not stand in a file, and PKB takes ${takes}`
  if (protocol !== 'https:' && protocol !== 'http:') return `write an address such as ${example}`
  return isSandbox(url) || protocol === 'https:' ? undefined : 'write an https address: documents and secrets do not travel in clear'
}

const soapAdvice = (url: string): string | undefined => {
  const advice = addressAdvice(url, PKB_TAKES.soap, 'https://example.nhs.uk:7443/services/hl7')
  if (advice) return advice
  if (/[?#]/u.test(url)) return 'take out what begins with ? or #: messages go to the address itself, and the engine asks for ?wsdl where it needs it'
  return /^https?:\/\/[^/]+:\d+(\/|$)/u.test(url) ? undefined : 'write the port as well, such as https://example.nhs.uk:7443/services/hl7: PKB takes HL7 at a port of its own'
}

/** Each transport has one thing that only PKB can confirm, and that a letter would show too late. */
const unconfirmed = ({ transport, fhir, hl7_soap: hl7, confirmed_by_pkb: confirmed }: PkbDestination): readonly Wrong[] => {
  if (transport === 'fhir') return isSandbox(fhir.base_url) || confirmed ? [] : [{ path: ['fhir', 'base_url'], message: 'PKB publishes no promise that documents written to a FHIR address are shown to the patient: ask PKB Integrations, then add confirmed_by_pkb: { by: ..., on: ... }' }]
  return isSandbox(hl7.url) || hl7.labels_confirmed_by_pkb ? []
    : [{ path: ['hl7_soap', 'url'], message: 'PKB has to map each code under hospital_services to the privacy label Mental Health, or letters become General health: ask PKB Integrations, then add labels_confirmed_by_pkb: { by: ..., on: ... } to hl7_soap' }]
}

/** Accounts of one and letters to the other would send letters to people without an account, or none to those with one. */
const mixed = (value: PkbDestination): readonly Wrong[] => {
  const inUse = addressesOf(value).filter((one) => one.inUse)
  const [pretend, real] = [inUse.find(({ url }) => isSandbox(url)), inUse.find(({ url }) => !isSandbox(url))]
  return pretend && real ? [{ path: pretend.path, message: `this is the sandbox, and ${real.path.join('.')} is not: with transport ${value.transport} let every address in use be PKB's, or none` }] : []
}

const tokenAddress = (env: Environment): readonly Wrong[] =>
  env['PKB_FHIR_URL'] && readSetting('PKB_TOKEN_URL', env) === undefined ? [{ path: ['fhir', 'token_url'], message: 'PKB_FHIR_URL is set and PKB_TOKEN_URL is not: set both' }] : []

/** HTTP Basic ends the name at its first colon, and a server would tell neither. */
const userName: Check = ({ hl7_soap: { username } }) =>
  username.includes(':') ? [{ path: ['hl7_soap', 'username'], message: 'a user name cannot hold a colon: write the name alone, and the password in PKB_HL7_PASSWORD' }] : []

// ---------------------------------------------------------------- what PKB has to be told

/** A map of pkb.yaml beside the table that its keys come from. A misspelt key is not also a missing one. */
const keysOf = (at: readonly string[], named: object, table: { readonly known: readonly string[]; readonly wanted: readonly string[]; readonly what: string; readonly file: string }, missing: (key: string) => string): readonly Wrong[] => {
  const { known, wanted, what, file } = table
  const absent = wanted.filter((key) => !Object.hasOwn(named, key))
  const strange = Object.keys(named).filter((key) => !known.includes(key))
  const meant = strange.map((key) => nearest(key, absent))
  return [
    ...absent.filter((key) => !meant.includes(key)).map((key) => ({ path: at, message: missing(key) })),
    ...strange.map((key) => ({ path: [...at, key], message: `there is no ${what} ${key} in ${file}: ${didYouMean(key, known, 'add it there, or take it out here')}` })),
  ]
}

/** That a legal document is not to be shared is told where it is listed. */
const codesIn = ({ codes: { rows, file } }: Read) => ({ known: rows.map(({ row }) => row.code), wanted: rows.filter(({ row }) => row.sharing === 'listed' && row.kind !== 'legal').map(({ row }) => row.code), what: 'code', file })

const documentTypes: Check = ({ hl7_soap: { document_types: types } }, read) =>
  !read.codes.whole ? [] : keysOf(['hl7_soap', 'document_types'], types, codesIn(read), (code) => `the code ${code} may be shared and has no document type: write ${code}: with the type that PKB knows it by, such as CL for a clinic letter`)

const displayDelay: Check = ({ hl7_soap: { display_delay: delay } }, read) =>
  !delay || !read.codes.whole ? [] : keysOf(['hl7_soap', 'display_delay', 'days'], delay.days, { ...codesIn(read), wanted: [] }, String)

/** PKB calls what it cannot place General health, and shows it to everybody who may see that. */
const hospitalServices: Check = ({ hl7_soap: { hospital_services: codes } }, { services: { rows, file, whole } }) => {
  const teams = { known: rows.map(({ row }) => row.team), wanted: rows.filter(({ row }) => row.service === 'in-scope').map(({ row }) => row.team), what: 'team', file }
  return !whole ? [] : keysOf(['hl7_soap', 'hospital_services'], codes, teams, (team) => `the team ${team} is in scope and has no service code, so PKB would call its letters General health: write ${team}: with the code that PKB maps to Mental Health`)
}

// ---------------------------------------------------------------- times

const settling: Check = ({ settle_secs: settle, timeout_secs: timeout }) =>
  settle > timeout ? [] : [{ path: ['settle_secs'], message: `write more than timeout_secs (${timeout}): PKB may still be storing what the engine no longer waits for, and until then a copy is not known to be gone` }]

const unread: Check = ({ transport, print_if_unread_after: spans }) =>
  spans && transport !== 'hl7-soap' ? [{ path: ['print_if_unread_after'], message: 'by FHIR nothing can be shown to be read, so every letter would be posted as well: take it out, or write transport: hl7-soap' }] : []

/** A working day is never shorter than a day, so that one answer does for all three. */
const hoursOf = (span: NonNullable<NonNullable<PkbDestination['print_if_unread_after']>['clinical']>): number =>
  'hours' in span ? span.hours : 24 * ('days' in span ? span.days : span.working_days)

const delayedUnread: Check = ({ print_if_unread_after: spans, hl7_soap: { display_delay: delay } }, { codes }) =>
  Object.entries(delay?.days ?? {}).flatMap(([code, days]): readonly Wrong[] => {
    const kind = codes.rows.find(({ row }) => row.code === code)?.row.kind
    const span = kind && kind !== 'external' ? spans?.[kind] : undefined
    if (!span || hoursOf(span) > days * 24) return []
    return [{ path: ['hl7_soap', 'display_delay', 'days', code], message: `nobody can open such a letter for ${days} ${days === 1 ? 'day' : 'days'}, so all of them would be posted as unread: write a longer print_if_unread_after for ${kind}, or a shorter delay` }]
  })

const bankHolidays: Check = ({ extra_bank_holidays: days = [] }) => freeDays(days).map(({ at, message }) => ({ path: ['extra_bank_holidays', at], message }))

/** PKB's operations agree to four at most. */
const MOST_AT_ONCE = 4

const pace: Check = ({ transport, hl7_soap: { url }, at_once: atOnce }) =>
  transport === 'hl7-soap' && !isSandbox(url) && atOnce > MOST_AT_ONCE ? [{ path: ['at_once'], message: `PKB drops messages that come in more than ${MOST_AT_ONCE} at once: write 1, or up to ${MOST_AT_ONCE} once PKB has agreed` }] : []

const CHECKS: readonly Check[] = [userName, documentTypes, hospitalServices, displayDelay, settling, unread, delayedUnread, bankHolidays, pace]
