// `openletter channels`: lists what people have paused and stopped and what the processes say, and pauses, stops and
// starts channels; beside an engine that runs, or while none does. It refuses to act without a reason, and to stop a
// destination: recalls always go on.
import { parseArgs } from 'node:util'
import { actsIn, channelsNow, ACTS, type Act, type ChannelNow } from '../dashboard/channels/channel-states.ts'
import { wrongReason } from '../dashboard/reason.ts'
import { londonTime } from '../dashboard/times.ts'
import { londonDay, startOfLondonDay } from '../decide/london.ts'
import { Failure } from '../errors.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { fromKept } from '../policy/files.ts'
import { loadFiles } from '../policy/load.ts'
import type { Policy } from '../policy/policy.ts'
import { checkable } from './environment.ts'
import { withLedger } from './ledger.ts'
import { terminal, type Talk } from './replay-apply.ts'

export const USAGE = `Usage: npx openletter channels [list] [--json]
       npx openletter channels (pause | stop | start) NAME --reason TEXT

  A paused feed keeps its door open and takes nothing; a stopped one closes its port. To a paused destination nothing new
  goes, and recalls go on; a destination cannot be stopped. Every process of the engine follows within two seconds, and
  after a restart.`

type Called = { readonly do: 'list'; readonly json: boolean } | { readonly do: Act; readonly name: string; readonly reason: string }

export const channels = async (args: readonly string[], env: NodeJS.ProcessEnv, talk: Pick<Talk, 'actor'> = terminal): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  return withLedger(env, async (ledger) => {
    const now = new Date()
    const all = await channelsIn(ledger, env, now)
    return called.do === 'list' ? list(all, called.json) : act(ledger, all, called, `${talk.actor()} (command)`, now.toISOString())
  })
}

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { values: { reason, json = false }, positionals: [what = 'list', name, ...more] } = parseArgs({ args: [...args], options: { reason: { type: 'string' }, json: { type: 'boolean' } }, allowPositionals: true })
    const wanted = ACTS.find((one) => one === what)
    if (more.length > 0 || (what !== 'list' && !wanted)) return `${more[0] ?? what}: it is channels list, or channels pause, stop or start NAME.`
    if (!wanted) return name === undefined && reason === undefined ? { do: 'list', json } : 'channels list takes no more than --json.'
    if (name === undefined) return `Say which channel: channels ${wanted} NAME.`
    const wrong = wrongReason(reason)
    if (json || wrong !== undefined) return json ? '--json goes with channels list only.' : `--reason: ${wrong}`
    return { do: wanted, name, reason: reason!.trim() }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

const HEARD_WITHIN_MS = 15_000

/** Those of the policy in force: what the files on disk say is no matter. */
const channelsIn = async (ledger: Ledger, env: NodeJS.ProcessEnv, now: Date): Promise<readonly ChannelNow[]> => {
  const kept = await ledger.policyInForce()
  const loaded = kept && loadFiles(fromKept(kept.files, 'in-force:'), checkable(env))
  const policy: Policy | undefined = loaded?.policy ?? loaded?.compiled
  if (!policy) throw new Failure('POLICY_NOT_FOUND', 'No policy is in force in this ledger that can be read here.')
  const named = (kind: string): readonly string[] => Object.entries(policy.channels).filter(([, one]) => one.kind === kind).map(([name]) => name)
  const [halted, reports, activity] = await Promise.all([
    ledger.haltedChannels(), ledger.channelReports(new Date(now.getTime() - HEARD_WITHIN_MS).toISOString()), ledger.channelActivity(named('feed'), named('destination'), startOfLondonDay(londonDay(now))!),
  ])
  return channelsNow({ policy, files: Object.keys(kept?.files ?? {}), halted, reports, activity })
}

const act = async (ledger: Ledger, all: readonly ChannelNow[], { do: wanted, name, reason }: Exclude<Called, { do: 'list' }>, actor: string, at: string): Promise<number> => {
  const channel = all.find((one) => one.name === name)
  // One that the policy in force does not have may have been left paused.
  if (!channel && wanted === 'start' && (await ledger.startChannel(name, actor, reason, at))) { console.log(`Started: ${name}. The policy in force does not have it.`); return 0 }
  if (!channel) { console.error(`There is no channel ${name}: there are ${all.map((one) => one.name).join(', ')}.`); return 1 }
  // Of what is running; whatever it is now, the ledger tells whether anything changed.
  if (channel.type === 'withhold' || (wanted !== 'start' && !actsIn(channel.kind, undefined).includes(wanted))) throw new Failure('CHANNEL_STATE', channel.type === 'withhold' ? 'It sends nothing to anybody.' : 'A destination can be paused, and recalls go on.')
  const done = wanted === 'start' ? await ledger.startChannel(name, actor, reason, at) : await ledger.haltChannel(name, wanted === 'pause' ? 'paused' : 'stopped', actor, reason, at)
  const said = { pause: 'Paused', stop: 'Stopped', start: 'Started' }[wanted]
  console.log(done ? `${said}: ${name}.${wanted === 'start' ? '' : ` Start it with npx openletter channels start ${name} --reason TEXT`}` : `Nothing was changed: ${name} is ${wanted === 'start' ? 'not paused or stopped' : said.toLowerCase()} already.`)
  return done ? 0 : 1
}

const list = (all: readonly ChannelNow[], json: boolean): number => {
  if (json) { console.log(JSON.stringify({ channels: all }, undefined, 2)); return 0 }
  for (const { name, kind, state, address, halt, why, until } of all) {
    const told = [halt && `by ${halt.actor} on ${londonTime(halt.at)}: ${halt.reason}`, why, until && `until ${londonTime(until)}`].filter((text) => text !== undefined)
    console.log([name.padEnd(14), kind.padEnd(12), (state === 'alone' ? 'no process' : state).padEnd(13), address, ...(told.length > 0 ? [`(${told.join('; ')})`] : [])].join(' ').trimEnd())
  }
  return 0
}
