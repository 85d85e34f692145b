// `openletter serve [feeds|worker|dashboard]`: runs the engine, or parts of it, until it is told to stop. It refuses to start
// anything under a policy with problems, and prints each with its place.
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { linkOf } from '../dashboard/sign-in/codes.ts'
import { PolicyRefused } from '../engine/first-policy.ts'
import { shown } from '../policy/files.ts'
import { readSetting } from '../settings.ts'
import { PARTS, startEngine, type Engine, type Part } from '../wire.ts'

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
    console.error(`${error.problems.length} ${error.problems.length === 1 ? 'problem' : 'problems'} in channels and mappings, so nothing was started:\n${error.detail.split('\n').slice(1).join('\n')}`)
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

const welcome = (engine: Engine, parts: readonly Part[]): string => {
  const { url, firstCode, mllp, sandboxUrl, env, warnings } = engine
  return [
    '',
    `  Openletter is up (${parts.join(', ')}).`,
    '',
    ...(url && parts.includes('dashboard') ? [`  Pages       ${url}`] : []),
    ...mllp.map(({ feed, host, port }) => `  HL7 feed    mllp ${host}:${port}   (${feed})`),
    ...(parts.includes('feeds') ? otherFeeds(engine) : []),
    ...(sandboxUrl ? sandboxLines(sandboxUrl) : []),
    ...(firstCode === undefined || url === undefined ? [] : firstAccount(linkOf(readSetting('CONSOLE_URL', env) ?? url, firstCode), firstCode)),
    ...(parts.length === PARTS.length ? ['', '  Send a first document, from another terminal:', '', '    npx openletter send samples/01-share-registered.hl7'] : []),
    ...warnings().flatMap((warning) => ['', `  ${warning}`]),
    '',
    'openletter ready',
  ].join('\n')
}

const fromHere = (path: string): string => shown(path) || '.'

/** The feeds that have no port of their own. */
const otherFeeds = ({ url, policy, env }: Engine): readonly string[] => {
  const token = `${fromHere(resolve(readSetting('DATA_DIR', env)!))}/rio-http.token`
  const feeds = Object.entries(policy.feeds)
  return [
    ...feeds.flatMap(([name, { type }]) => (url && type === 'http' ? [`  HTTP feed   ${url}/feeds/${name}/documents   (token in ${token} unless set)`] : [])),
    ...feeds.flatMap(([name, feed]) => (feed.type === 'folder' ? [`  Folder feed ${fromHere(feed.folder)}   (${name})`] : [])),
  ]
}

const sandboxLines = (url: string): readonly string[] => [
  '', '  Where no PKB address is set the sandbox stands in for PKB, and no document leaves this machine.',
  `  Sandbox     ${url}   (a patient's record: ${url}/records/9990000018)`,
]

const firstAccount = (link: string, code: string): readonly string[] => [
  '', '  Nobody has an account yet. This link makes the first one, once and within an hour:', '', `    ${link}`,
  '', `  Or type the code ${code} on the page /sign-in/code.`,
]
