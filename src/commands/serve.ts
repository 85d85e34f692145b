// `openletter serve [feeds|worker|dashboard]`: runs the engine, or parts of it, until it is told to stop.
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { relative, resolve } from 'node:path'
import { linkOf } from '../dashboard/sign-in/codes.ts'
import { readSetting } from '../settings.ts'
import { PARTS, PolicyRefused, startEngine, type Engine, type Part } from '../wire.ts'

export const USAGE = `Usage: npx openletter serve [${PARTS.join('|')}]\nWithout a part it runs all of them, until it is told to stop. SIGHUP has it read channels and mappings again.`

export const serve = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const unknown = args.find((arg) => !(PARTS as readonly string[]).includes(arg))
  if (unknown !== undefined) { console.error(`serve does not know ${unknown}.\n${USAGE}`); return 2 }
  const parts = args.length > 0 ? PARTS.filter((part) => args.includes(part)) : PARTS
  // From here on a signal ends the engine in order, even while it starts; SIGHUP has the policy read again.
  const hungUp = onHangUp()
  const told = Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT'), hungUp.terminalGone])
  let engine: Engine
  try {
    engine = await startEngine(env, { parts })
  } catch (error) {
    if (!(error instanceof PolicyRefused)) throw error
    console.error(`${error.problems.length} problems in channels and mappings, so nothing was started:\n${error.detail.split('\n').slice(1).join('\n')}`)
    return 1
  }
  console.log(welcome(engine, parts))
  hungUp.read(() => void engine.reload())
  flushCompileCache() // now, because it may be killed
  await told
  console.log('stopping')
  // A second signal does not wait.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))
  await engine.stop()
  return 0
}

/**
 * SIGHUP is what an administrator sends to have the files read, and what a terminal sends to whatever runs in it when it
 * is closed: then the engine ends. Before there is an engine it is kept for later.
 */
const onHangUp = (): { readonly terminalGone: Promise<void>; read(reload: () => void): void } => {
  const wasInTerminal = hasTerminal()
  const { promise: terminalGone, resolve: gone } = Promise.withResolvers<void>()
  let reload: (() => void) | undefined
  let early = false
  process.on('SIGHUP', () => {
    if (wasInTerminal && !hasTerminal()) gone()
    else if (reload) reload()
    else early = true
  })
  return { terminalGone, read: (then) => { reload = then; if (early) then() } }
}

const hasTerminal = (): boolean => {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}

const welcome = ({ url, firstCode, mllp, sandboxUrl, policy, env, warnings }: Engine, parts: readonly Part[]): string => {
  const data = relative(process.cwd(), resolve(readSetting('DATA_DIR', env)!)) || '.'
  return [
    '',
    `  Openletter is up (${parts.join(', ')}).`,
    '',
    ...(url && parts.includes('dashboard') ? [`  Pages       ${url}`] : []),
    ...mllp.map(({ feed, host, port }) => `  HL7 feed    mllp ${host}:${port}   (${feed})`),
    ...(url && parts.includes('feeds') ? Object.entries(policy.feeds).flatMap(([name, { type }]) => (type === 'http' ? [`  HTTP feed   ${url}/feeds/${name}/documents   (token in ${data}/rio-http.token unless set)`] : [])) : []),
    ...(parts.includes('feeds') ? Object.entries(policy.feeds).flatMap(([name, feed]) => (feed.type === 'folder' ? [`  Folder feed ${relative(process.cwd(), feed.folder) || '.'}   (${name})`] : [])) : []),
    ...(sandboxUrl ? ['', `  No PKB address is set: the sandbox stands in for PKB, and no document leaves this machine.`, `  Sandbox     ${sandboxUrl}   (a patient's record: ${sandboxUrl}/records/9990000018)`] : []),
    ...(firstCode === undefined || url === undefined ? [] : ['', '  Nobody has an account yet. This link makes the first one, once and within an hour:', '', `    ${linkOf(readSetting('CONSOLE_URL', env) ?? url, firstCode)}`, '', `  Or type the code ${firstCode} on the page /sign-in/code.`]),
    ...(parts.length === PARTS.length ? ['', '  Send a first document, from another terminal:', '', '    npx openletter send samples/01-share-registered.hl7'] : []),
    ...warnings().flatMap((warning) => ['', `  ${warning}`]),
    '',
    'openletter ready',
  ].join('\n')
}
