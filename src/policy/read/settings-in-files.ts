// Where a channel may name a setting as ${NAME}, and which. It refuses them everywhere else: what decides over sharing
// stands in the file that was approved, and must not change with the environment of a process.
import { isSetting, readSetting, SETTINGS, type Environment, type SettingName } from '../../settings.ts'
import { didYouMean } from './nearest.ts'

const ENDPOINT = ['base_url', 'token_url', 'client_id', 'client_secret', 'organisation']
/** Addresses, folders and secrets: they differ from machine to machine, and say nothing about a document. */
const PLACES: readonly string[] = ['host', 'port', 'folder', 'token', 'tls.key_file', 'tls.cert_file', 'tls.client_ca_file', ...['fhir', 'facade'].flatMap((block) => ENDPOINT.map((key) => `${block}.${key}`)), ...['url', 'username', 'password'].map((key) => `hl7_soap.${key}`)]

/** Secrets, with the settings that hold them: a channel file is kept in the ledger and in version control. */
const SECRETS: { readonly [path: string]: readonly string[] } = {
  token: ['RIO_HTTP_TOKEN'],
  'fhir.client_secret': ['PKB_CLIENT_SECRET'],
  'hl7_soap.password': ['PKB_HL7_PASSWORD'],
  'facade.client_secret': ['PKB_FACADE_CLIENT_SECRET', 'PKB_CLIENT_SECRET'],
}

/** The settings that may stand at a place of a channel; `only`: nothing else may. */
export const settingsAt = (path: string): { readonly names: readonly SettingName[]; readonly only: boolean } => {
  const secrets = Object.hasOwn(SECRETS, path) ? SECRETS[path] : undefined
  const taken = (name: SettingName) => (secrets ? secrets.includes(name) : PLACES.includes(path) && SETTINGS[name].kind !== 'secret')
  return { names: (Object.keys(SETTINGS) as SettingName[]).filter(taken), only: secrets !== undefined }
}

const namesSecret = (text: string): boolean => (Object.keys(SETTINGS) as SettingName[]).some((name) => SETTINGS[name].kind === 'secret' && text.includes(`\${${name}}`))

export type Settled = { readonly value: unknown } | { readonly wrong: string }

/** The value of a text that is `${NAME}`, or what is wrong with naming a setting there; other texts as they are. */
export const settle = (text: string, path: string, folder: 'channels' | 'mappings', env: Environment): Settled => {
  const secrets = Object.hasOwn(SECRETS, path) && folder === 'channels' ? SECRETS[path]! : undefined
  const meant = PLACES.includes(path) && folder === 'channels' ? /^\$?([A-Z][A-Z0-9_]*)$/u.exec(text)?.[1] : undefined
  if (meant !== undefined && isSetting(meant)) return { wrong: `a setting stands in braces: write \${${meant}}` }
  if (!text.includes('${'))
    return secrets && text !== '' ? { wrong: `a secret must not stand in a file, for files are kept in the ledger and in version control: write \${${secrets[0]}} and set ${secrets[0]}; then ask for a new secret` } : { value: text }
  if (folder === 'mappings') return { wrong: 'no setting may be named in a mapping, for what was approved must not change with a machine: write the value itself' }
  if (!PLACES.includes(path) && namesSecret(text)) return { wrong: 'no setting may be named here, and a secret may not be written out either: look at the spelling of this key and of the block that it stands in' }
  if (!PLACES.includes(path)) return { wrong: 'no setting may be named here, for what was approved must not change with a machine: write the value itself' }
  const name = /^\$\{([A-Za-z0-9_]+)\}$/u.exec(text)?.[1]
  if (name === undefined) return { wrong: 'a setting stands alone: write the whole value as ${NAME}, or no ${} at all' }
  if (!isSetting(name)) return { wrong: `there is no setting ${name}: ${didYouMean(name, Object.keys(SETTINGS), `the settings are ${Object.keys(SETTINGS).join(', ')}`)}` }
  if (secrets ? !secrets.includes(name) : SETTINGS[name].kind === 'secret')
    return { wrong: secrets ? `write \${${secrets[0]}}: no other setting holds this secret` : `${name} is a secret, and this place is shown to people: write another setting, or the value itself` }
  const set = readSetting(name, env)
  if (set === undefined || set === '') return { wrong: `the setting ${name} is not set: set the environment variable ${name}${secrets ? '' : ', or write the value here'}` }
  return { value: SETTINGS[name].kind === 'port' && /^\d+$/u.test(set) ? Number(set) : set }
}
