// The environment as the commands see it that look at the policy without running it: what `serve` would make or
// start (tokens, the sandbox) is stood in for, so that nothing is written and nothing has to run.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { port, sandboxSettings, type Environment } from '../settings.ts'

export const usesSandbox = (env: Environment): boolean => !env['PKB_FHIR_URL']?.trim()

export const checkable = (env: Environment): Environment => ({
  RIO_HTTP_TOKEN: 'made-at-first-start',
  API_TOKEN: 'made-at-first-start',
  ...(usesSandbox(env) ? sandboxSettings(`http://127.0.0.1:${port('SANDBOX_PORT', env) || 3001}`) : {}),
  ...Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim())),
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
