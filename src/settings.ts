// The settings of a running engine: each known name once, with where its value comes from. Channel files can use
// them as `${NAME}`. It refuses names that are not here, and makes the two tokens that nobody has set.
import { randomBytes } from 'node:crypto'
import { accessSync, constants, copyFileSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { Failure } from './errors.ts'

export type Environment = { readonly [name: string]: string | undefined }

type Value = (name: string) => string | undefined
type Setting = {
  readonly kind: 'text' | 'port' | 'secret' | 'switch' | 'count'
  readonly says: string
  readonly default?: string | ((value: Value) => string | undefined)
  /** Made at first start and kept in this file under DATA_DIR. */
  readonly keptIn?: string
}

/** In the order in which docs/operations.md lists them. */
export const SETTINGS = {
  DATA_DIR: { kind: 'text', says: 'Folder of everything that the engine keeps', default: './data' },
  CHANNELS_DIR: { kind: 'text', says: 'Folder of the channel files', default: './channels' },
  MAPPINGS_DIR: { kind: 'text', says: 'Folder of the mappings', default: './mappings' },
  POLICY_RELOAD: { kind: 'text', says: 'When a changed policy is taken: on-change (also on SIGHUP), or on-signal alone', default: 'on-change' },
  DATABASE_URL: { kind: 'secret', says: 'PostgreSQL to use instead of the embedded one' },
  REDIS_URL: { kind: 'secret', says: 'Redis for the queue, instead of PostgreSQL' },
  HTTP_HOST: { kind: 'text', says: 'Address of pages, API and HTTP feed', default: '127.0.0.1' },
  HTTP_PORT: { kind: 'port', says: 'Port of pages, API and HTTP feed; 0 takes a free one', default: '3000' },
  HTTP_BEHIND_PROXY: { kind: 'switch', says: 'true: a proxy with https stands in front of the engine, so HTTP_HOST may be public', default: 'false' },
  SESSION_IDLE_MINUTES: { kind: 'count', says: 'A session on the pages ends when it was not used for so many minutes', default: '30' },
  SESSION_HOURS: { kind: 'count', says: 'A session on the pages ends after so many hours, however much it is used', default: '12' },
  MLLP_HOST: { kind: 'text', says: 'Address of the MLLP feed', default: '127.0.0.1' },
  MLLP_PORT: { kind: 'port', says: 'Port of the MLLP feed; 0 takes a free one', default: '2575' },
  SANDBOX_PORT: { kind: 'port', says: 'Port of the PKB sandbox; 0 takes a free one', default: '3001' },
  RIO_HTTP_TOKEN: { kind: 'secret', says: 'Bearer token of the HTTP feed', keptIn: 'rio-http.token' },
  RIO_FOLDER: { kind: 'text', says: 'Watched folder of the folder feed', default: (value) => join(value('DATA_DIR') ?? '.', 'rio-folder') },
  API_TOKEN: { kind: 'secret', says: 'Bearer token of /api and /fhir', keptIn: 'api.token' },
  PRINT_DIR: { kind: 'text', says: "The print house's hot folder", default: (value) => join(value('DATA_DIR') ?? '.', 'print') },
  PKB_FHIR_URL: { kind: 'text', says: 'PKB FHIR R4 endpoint for documents; unset: the sandbox' },
  PKB_TOKEN_URL: { kind: 'text', says: 'Token endpoint for PKB_FHIR_URL' },
  PKB_CLIENT_ID: { kind: 'text', says: 'OAuth2 client id for PKB_FHIR_URL' },
  PKB_CLIENT_SECRET: { kind: 'secret', says: 'OAuth2 client secret for PKB_FHIR_URL' },
  PKB_ORG_ID: { kind: 'text', says: 'X-Org-Public-Id at PKB' },
  PKB_HL7_URL: { kind: 'text', says: 'PKB SOAP service for HL7 messages; unset: the sandbox' },
  PKB_HL7_USER: { kind: 'text', says: 'User name for PKB_HL7_URL' },
  PKB_HL7_PASSWORD: { kind: 'secret', says: 'Password for PKB_HL7_URL' },
  PKB_FACADE_URL: { kind: 'text', says: 'PKB FHIR Facade, where accounts are asked for', default: (value) => value('PKB_FHIR_URL') },
  PKB_FACADE_TOKEN_URL: { kind: 'text', says: 'Token endpoint for PKB_FACADE_URL', default: (value) => value('PKB_TOKEN_URL') },
  PKB_FACADE_CLIENT_ID: { kind: 'text', says: 'OAuth2 client id for PKB_FACADE_URL', default: (value) => value('PKB_CLIENT_ID') },
  PKB_FACADE_CLIENT_SECRET: { kind: 'secret', says: 'OAuth2 client secret for PKB_FACADE_URL', default: (value) => value('PKB_CLIENT_SECRET') },
  PKB_FACADE_ORG_ID: { kind: 'text', says: 'X-Org-Public-Id at PKB_FACADE_URL', default: (value) => value('PKB_ORG_ID') },
  CONSOLE_URL: { kind: 'text', says: 'Public address of the pages, for links in alerts and to the first account' },
  SMTP_URL: { kind: 'secret', says: 'Mail server for alerts and outcomes: smtp://user:password@host:587, or smtps://' },
  ALERT_EMAIL_FROM: { kind: 'text', says: 'Sender of all mail' },
  ALERT_EMAIL_TO: { kind: 'text', says: 'Who gets alerts by mail: addresses with commas in between' },
  ALERT_WEBHOOK_URL: { kind: 'secret', says: 'Where alerts are posted to, signed' },
  ALERT_WEBHOOK_SECRET: { kind: 'secret', says: 'Key of the signature, at least 16 characters' },
  OUTCOMES_DIR: { kind: 'text', says: 'Folder of the daily outcome of each team', default: (value) => join(value('DATA_DIR') ?? '.', 'outcomes') },
  SIGN_IN: { kind: 'text', says: 'How people sign in: local (passwords of this engine), oidc (the identity provider), or both', default: 'local' },
  OIDC_ISSUER: { kind: 'text', says: 'Issuer of the identity provider' },
  OIDC_CLIENT_ID: { kind: 'text', says: 'Client id of this engine there' },
  OIDC_CLIENT_SECRET: { kind: 'secret', says: 'Client secret of this engine there' },
  OIDC_REDIRECT_URL: { kind: 'text', says: 'Address to which it sends people back: https://…/sign-in/provider/back', default: (value) => (value('CONSOLE_URL') === undefined ? undefined : `${value('CONSOLE_URL')!.replace(/\/+$/u, '')}/sign-in/provider/back`) },
  OIDC_ROLES_CLAIM: { kind: 'text', says: 'Claim that holds the roles', default: 'roles' },
  OIDC_ROLES: { kind: 'text', says: 'Which of its words gives which role: ol-reviewers=reviewer, ol-ops=operator' },
  OIDC_SCOPES: { kind: 'text', says: 'Scopes that are asked for', default: 'openid profile' },
  OIDC_NAME: { kind: 'text', says: 'What the sign-in page calls the identity provider', default: 'your trust account' },
  LOG_LEVEL: { kind: 'text', says: 'debug, info, warn or error', default: 'info' },
} as const satisfies Record<string, Setting>

export type SettingName = keyof typeof SETTINGS
export const isSetting = (name: string): name is SettingName => Object.hasOwn(SETTINGS, name)

/** The environment as settings; an empty variable counts as unset. Makes nothing and reads no file. */
export const readSetting = (name: SettingName, env: Environment): string | undefined => {
  const given = env[name]?.trim()
  if (given) return given
  const setting: Setting = SETTINGS[name]
  return typeof setting.default === 'function' ? setting.default((other) => readSetting(other as SettingName, env)) : setting.default
}

export const port = (name: SettingName, env: Environment): number => {
  const text = readSetting(name, env) ?? ''
  const number = Number(text)
  if (!/^\d{1,5}$/u.test(text) || number > 65535) throw new Failure('SETTING_INVALID', `${name} must be a port number from 0 to 65535.`)
  return number
}

/** A whole number from 1 up. */
export const count = (name: SettingName, env: Environment): number => {
  const text = readSetting(name, env) ?? ''
  if (!/^[1-9]\d{0,5}$/u.test(text)) throw new Failure('SETTING_INVALID', `${name} must be a whole number from 1 to 999999.`)
  return Number(text)
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

export const logLevel = (env: Environment): (typeof LEVELS)[number] => {
  const level = LEVELS.find((one) => one === readSetting('LOG_LEVEL', env))
  if (!level) throw new Failure('SETTING_INVALID', `LOG_LEVEL is one of ${LEVELS.join(', ')}.`)
  return level
}

/** Whether a changed policy is taken when its files change, or on SIGHUP alone. */
export const reloadsOnChange = (env: Environment): boolean => {
  const when = readSetting('POLICY_RELOAD', env)
  if (when !== 'on-change' && when !== 'on-signal') throw new Failure('SETTING_INVALID', 'POLICY_RELOAD is on-change or on-signal.')
  return when === 'on-change'
}

/** Throws SETTING_INVALID for a value that no start can use; what is right only on some machines shows later. */
export const checkValues = (env: Environment): void => {
  logLevel(env)
  reloadsOnChange(env)
  for (const [name, { kind }] of Object.entries(SETTINGS) as [SettingName, Setting][]) {
    if (kind === 'port') port(name, env)
    if (kind === 'count') count(name, env)
    if (kind === 'switch' && !['true', 'false'].includes(readSetting(name, env) ?? '')) throw new Failure('SETTING_INVALID', `${name} must be true or false.`)
  }
}

/** Makes the folder of everything that the engine keeps; its absolute path. */
export const makeDataDir = (env: Environment): string => {
  const dataDir = resolve(readSetting('DATA_DIR', env)!)
  try {
    makeFolders(dataDir)
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK)
    return dataDir
  } catch (error) {
    throw new Failure('SETTING_INVALID', `DATA_DIR is ${dataDir}, which cannot be made or written to (${(error as NodeJS.ErrnoException).code}).`, { cause: error })
  }
}

/** Step by step: Node's own `recursive` never ends where a file system takes no folders, such as below /proc. */
const makeFolders = (path: string): void => {
  if (path !== dirname(path) && statSync(path, { throwIfNoEntry: false }) === undefined) {
    makeFolders(dirname(path))
    try {
      mkdirSync(path)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
  if (!statSync(path).isDirectory()) throw Object.assign(new Error('not a folder'), { code: 'ENOTDIR' })
}

/** What the client of the sandbox is configured with: the sandbox is open to everybody on this machine. */
export const sandboxSettings = (url: string): Environment => ({
  PKB_FHIR_URL: `${url}/fhir`,
  PKB_TOKEN_URL: `${url}/oauth/token`,
  PKB_CLIENT_ID: 'openletter',
  PKB_CLIENT_SECRET: 'sandbox',
  PKB_ORG_ID: '00000000-0000-4000-8000-000000000001',
  PKB_HL7_URL: `${url}/services/hl7`,
  PKB_HL7_USER: 'openletter',
  PKB_HL7_PASSWORD: 'sandbox',
})

const SHORTEST_TOKEN = 32

/** The environment with the tokens that nobody set, made once and kept under DATA_DIR, readable by their owner only. */
export const withTokens = (env: Environment): Environment => {
  const made = (['RIO_HTTP_TOKEN', 'API_TOKEN'] as const).filter((name) => !env[name]?.trim()).map((name) => [name, keptToken(join(resolve(readSetting('DATA_DIR', env)!), SETTINGS[name].keptIn))] as const)
  return { ...env, ...Object.fromEntries(made) }
}

const keptToken = (file: string): string => {
  const kept = readToken(file)
  if (kept !== undefined) return kept
  const making = `${file}.${randomBytes(4).toString('hex')}`
  writeFileSync(making, `${randomBytes(24).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
  try {
    // Several parts may start at once on one DATA_DIR: the first one's token is everybody's.
    linkSync(making, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') copyFileSync(making, file)
  } finally {
    rmSync(making)
  }
  return readToken(file)!
}

const readToken = (file: string): string | undefined => {
  let kept: string
  try {
    kept = readFileSync(file, 'utf8').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new Failure('SETTING_INVALID', `${file} cannot be read: ${(error as NodeJS.ErrnoException).code}.`, { cause: error })
  }
  if (kept.length < SHORTEST_TOKEN) throw new Failure('SETTING_INVALID', `${file} holds fewer than ${SHORTEST_TOKEN} characters: remove it, and a token is made.`)
  return kept
}
