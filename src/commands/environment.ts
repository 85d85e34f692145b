// The environment as the commands see it that look at the policy without running it: what `serve` would make or
// start (tokens, the sandbox) is stood in for, so that nothing is written and nothing has to run.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { addressesOf } from '../policy/pkb-addresses.ts'
import type { PkbDestination } from '../policy/schema.ts'
import { port, readSetting, sandboxSettings, type Environment, type SettingName } from '../settings.ts'

const isSet = (env: Environment, name: string): boolean => Boolean(env[name]?.trim())

/** Where the sandbox is taken to be before it has said where it is. */
export const assumedSandbox = (env: Environment): string => `http://127.0.0.1:${port('SANDBOX_PORT', env) || 3001}`

const FACADE = ['PKB_FACADE_TOKEN_URL', 'PKB_FACADE_CLIENT_ID', 'PKB_FACADE_CLIENT_SECRET', 'PKB_FACADE_ORG_ID'] as const satisfies readonly SettingName[]

/** Of the two addresses at which documents are written, the sandbox stands in for each that is not set, with all that belongs to it. */
const standIns = (env: Environment, sandboxUrl: string): Environment =>
  Object.fromEntries(Object.entries(sandboxSettings(sandboxUrl)).filter(([name]) => !isSet(env, name.startsWith('PKB_HL7_') ? 'PKB_HL7_URL' : 'PKB_FHIR_URL')))

export const withStandIns = (env: Environment, sandboxUrl: string): Environment => {
  // An address of its own for the accounts: what it takes over from the other settings must not become the sandbox's.
  const facade = isSet(env, 'PKB_FACADE_URL') ? Object.fromEntries(FACADE.flatMap((name) => { const value = readSetting(name, env); return value === undefined ? [] : [[name, value]] })) : {}
  return { ...env, ...facade, ...standIns(env, sandboxUrl) }
}

/** Whether the sandbox stands in for an address that is in use. `pkb` was loaded with the sandbox where it is taken to be. */
export const usesSandbox = (env: Environment, pkb: PkbDestination | undefined): boolean => {
  if (!pkb) return !isSet(env, 'PKB_FHIR_URL')
  const stoodIn = Object.values(standIns(env, assumedSandbox(env)))
  return addressesOf(pkb).some(({ url, inUse }) => inUse && stoodIn.includes(url))
}

export const checkable = (env: Environment): Environment => ({
  RIO_HTTP_TOKEN: 'made-at-first-start',
  API_TOKEN: 'made-at-first-start',
  ...withStandIns(Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim())), assumedSandbox(env)),
})

/** The same, for the policy below a folder that holds channels/ and mappings/: a copy that is being worked on. */
export const checkableBelow = (folder: string | undefined, env: Environment): Environment =>
  folder === undefined ? checkable(env) : { ...checkable(env), CHANNELS_DIR: join(folder, 'channels'), MAPPINGS_DIR: join(folder, 'mappings') }

/** The one folder that may be named, or what is wrong with the arguments. */
export const folderArgument = (args: readonly string[]): { readonly folder?: string; readonly wrong?: string } => {
  const [folder, ...more] = args
  if (folder === undefined) return {}
  const unknown = folder.startsWith('-') ? folder : more[0]
  if (unknown !== undefined) return { wrong: `${unknown} is not known.` }
  return existsSync(join(folder, 'channels')) && existsSync(join(folder, 'mappings')) ? { folder } : { wrong: `${folder} does not hold channels/ and mappings/.` }
}
