// The environment as the commands see it that look at the policy without running it: what `serve` would make or
// start (tokens, the sandbox) is stood in for, so that nothing is written and nothing has to run.
import { port, sandboxSettings, type Environment } from '../settings.ts'

export const usesSandbox = (env: Environment): boolean => !env['PKB_FHIR_URL']?.trim()

export const checkable = (env: Environment): Environment => ({
  RIO_HTTP_TOKEN: 'made-at-first-start',
  API_TOKEN: 'made-at-first-start',
  ...(usesSandbox(env) ? sandboxSettings(`http://127.0.0.1:${port('SANDBOX_PORT', env) || 3001}`) : {}),
  ...Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim())),
})
