// Channels for people and programs: what each does, its files as they are on disk, and the way to pause, stop and start
// it, and to take changed files. It refuses to stop a destination: recalls always go on; and to take files that say
// something else by now than what was looked at.
import type { Request, RequestHandler, Response } from 'express'
import { Failure } from '../../errors.ts'
import type { HaltedChannel } from '../../ledger/channel-words.ts'
import { londonDay, startOfLondonDay } from '../../decide/london.ts'
import { bodyOf, json } from '../documents/api.ts'
import { actsIn, channelsNow, ACTS, type Act, type ChannelNow } from './channel-states.ts'
import { channelsView, oneChannelView } from './channels-view.ts'
import { form, messageOf, wrongFields } from '../forms.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { wishOfBody, wishOfForm, type Wish } from '../reason.ts'
import { wish as wishShape } from '../shapes.ts'
import { channel as channelShape, channels as channelsShape, filesNow as filesShape, oneChannel, reloadAsked, reloaded } from './shapes-channels.ts'
import { show } from '../views.ts'
import { may, ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'ledger' | 'policy' | 'policyStatus' | 'channels' | 'now'>

/** A process that has said nothing for so long is gone. */
const HEARD_WITHIN_MS = 15_000

const allChannels = async ({ ledger, policy, channels, now }: Pick<Parts, 'ledger' | 'policy' | 'channels' | 'now'>): Promise<readonly ChannelNow[]> => {
  const [at, inForce] = [now(), policy()]
  const named = (kind: string): readonly string[] => Object.entries(inForce.channels).filter(([, one]) => one.kind === kind).map(([name]) => name)
  const [halted, reports, activity] = await Promise.all([
    ledger.haltedChannels(), ledger.channelReports(new Date(at.getTime() - HEARD_WITHIN_MS).toISOString()),
    ledger.channelActivity(named('feed'), named('destination'), startOfLondonDay(londonDay(at))!),
  ])
  return channelsNow({ policy: inForce, files: Object.keys(channels?.filesInForce() ?? {}), halted, reports, activity })
}

const channelCalled = async (parts: Parts, name: unknown): Promise<ChannelNow> => {
  const found = (await allChannels(parts)).find((one) => one.name === name)
  if (!found) throw new Failure('NOT_FOUND', 'The policy in force has no channel of this name.')
  return found
}

/** Paused or stopped, and not in the policy in force: as it was left if another policy brings it back. */
const leftBehind = async ({ ledger, policy }: Pick<Parts, 'ledger' | 'policy'>): Promise<readonly HaltedChannel[]> =>
  (await ledger.haltedChannels()).filter(({ channel }) => !Object.hasOwn(policy().channels, channel))

const textsOf = ({ channels }: Parts, { files }: ChannelNow): readonly { readonly file: string; readonly text: string }[] => {
  const kept = channels?.filesInForce() ?? {}
  return files.map((file) => ({ file, text: kept[file] ?? '' }))
}

/** `seen`: whoever saw it in one state does not act on another, which somebody else has brought about. */
const act = async (parts: Parts, name: unknown, wanted: Act, { actor, reason }: Wish, seen?: unknown): Promise<void> => {
  const { ledger, now, channels, policy } = parts
  if (seen !== undefined && seen !== ((await ledger.haltedChannels()).find(({ channel }) => channel === name)?.state ?? 'running')) throw new Failure('ALREADY_DONE', 'Its state is another one by now.')
  const channel = typeof name === 'string' && Object.hasOwn(policy().channels, name) ? policy().channels[name] : undefined
  if (!channel || typeof name !== 'string') throw new Failure('NOT_FOUND', 'The policy in force has no channel of this name.')
  if (channel.type === 'withhold') throw new Failure('CHANNEL_STATE', 'It sends nothing to anybody.')
  if (wanted === 'stop' && channel.kind === 'destination') throw new Failure('CHANNEL_STATE', 'A destination can be paused, and recalls go on.')
  const at = now().toISOString()
  const done: HaltedChannel | undefined = wanted === 'start' ? await ledger.startChannel(name, actor, reason, at) : await ledger.haltChannel(name, wanted === 'pause' ? 'paused' : 'stopped', actor, reason, at)
  await channels?.follow()
  if (!done) throw new Failure('ALREADY_DONE', `The channel is ${wanted === 'start' ? 'not paused or stopped' : wanted === 'pause' ? 'paused' : 'stopped'} already.`)
}

/** Whoever looked at one set of files does not take another. */
const takeFiles = async ({ ledger, channels, policyStatus, now }: Parts, seen: unknown, { actor, reason }: Wish): Promise<'taken' | 'unchanged' | 'refused'> => {
  if (!channels) throw new Failure('NOT_FOUND', 'This engine cannot look at the files.')
  const { hash } = await channels.filesNow()
  if (seen !== undefined && seen !== '' && seen !== hash) throw new Failure('POLICY_MOVED', 'Nothing was taken.')
  await ledger.notePolicyAsked(hash ?? policyStatus().hash, actor, reason, now().toISOString())
  const outcome = await channels.reload(hash)
  // They were changed between the look and the reading.
  if (outcome === 'unchanged' && hash !== undefined && hash !== policyStatus().hash) throw new Failure('POLICY_MOVED', 'Nothing was taken.')
  return outcome
}

export const channelAddresses = (parts: Parts): readonly Address[] => [...apiChannels(parts), ...pageChannels(parts)]

// ---------------------------------------------------------------- for programs

const apiChannels = (parts: Parts): readonly Address[] => {
  const list: RequestHandler = async (_req, res) => {
    const [channels, files] = await Promise.all([allChannels(parts), parts.channels?.filesNow()])
    res.json({ policy: parts.policy().hash, channels, ...(files ? { files } : {}) })
  }
  const one: RequestHandler = async (req, res) => {
    const channel = await channelCalled(parts, req.params['name'])
    res.json({ ...channel, texts: textsOf(parts, channel) })
  }
  const doIt = (wanted: Act): RequestHandler => async (req, res) => {
    await act(parts, req.params['name'], wanted, wishOfBody(res, bodyOf(req)))
    res.json(await channelCalled(parts, req.params['name']))
  }
  const check: RequestHandler = async (_req, res) => {
    if (!parts.channels) throw new Failure('NOT_FOUND', 'This engine cannot look at the files.')
    res.json(await parts.channels.filesNow(true))
  }
  const reload: RequestHandler = async (req, res) => {
    const { policy, ...wish } = bodyOf(req)
    if (policy !== undefined && typeof policy !== 'string') throw new Failure('QUERY_INVALID', 'policy: Use the hash that was looked at.')
    const outcome = await takeFiles(parts, policy, wishOfBody(res, wish))
    res.json({ outcome, policy: parts.policy().hash })
  }
  const says = { pause: 'Pauses a channel: a feed keeps its door and takes nothing, to a destination nothing new begins.', stop: 'Stops a feed: its port is closed.', start: 'Starts a channel that was paused or stopped.' } as const satisfies Record<Act, string>
  return [
    { method: 'get', path: '/api/channels', right: 'see', told: { says: 'Each channel as it is now, and the files as they are on disk.', answer: channelsShape }, handle: [list] },
    { method: 'get', path: '/api/channels/:name', right: 'see', told: { says: 'One channel, with its files as they are in force.', answer: oneChannel, errors: ['NOT_FOUND'] }, handle: [one] },
    ...ACTS.map((wanted): Address => ({ method: 'post', path: `/api/channels/:name/${wanted}`, right: 'channels', told: { says: says[wanted], body: wishShape, answer: channelShape, errors: ['NOT_FOUND', 'ALREADY_DONE', 'CHANNEL_STATE'] }, handle: [json, doIt(wanted)] })),
    { method: 'post', path: '/api/policy/check', right: 'channels', told: { says: 'Reads, proves and tests the files on disk again; takes nothing.', answer: filesShape, errors: ['NOT_FOUND'] }, handle: [check] },
    { method: 'post', path: '/api/policy/reload', right: 'channels', told: { says: 'Takes the files on disk, as a signal would.', body: reloadAsked, answer: reloaded, errors: ['NOT_FOUND', 'POLICY_MOVED'] }, handle: [json, reload] },
  ]
}

// ---------------------------------------------------------------- for people

const pageChannels = (parts: Parts): readonly Address[] => {
  const view = async (res: Response, more: object): Promise<object> => {
    const [channels, left, files] = await Promise.all([allChannels(parts), leftBehind(parts), parts.channels?.filesNow()])
    return { given: {}, mayChange: may(res, 'channels'), ...channelsView(channels, left, files, parts.policyStatus(), parts.now()), ...more }
  }
  const oneView = async (res: Response, channel: ChannelNow, more: object): Promise<object> =>
    ({ given: {}, mayChange: may(res, 'channels'), ...oneChannelView(channel, textsOf(parts, channel), await parts.channels?.filesNow(), parts.now()), ...more })

  const page: RequestHandler = async (req, res) => show(res, 'channels.njk', await view(res, { message: messageOf(req) }))
  const onePage: RequestHandler = async (req, res) => show(res, 'channel.njk', await oneView(res, await channelCalled(parts, req.params['name']), { message: messageOf(req) }))
  const doIt = (wanted: Act): RequestHandler => async (req: Request, res) => {
    const given = req.body as { readonly [name: string]: unknown }
    const wish = wishOfForm(res, given)
    if (!wish.ok) {
      const channel = await channelCalled(parts, req.params['name'])
      if (!actsIn(channel.kind, channel.halt && (channel.state as 'paused' | 'stopped')).includes(wanted)) throw new Failure('ALREADY_DONE', 'Its state is another one by now.')
      return show(res.status(400), 'channel.njk', await oneView(res, channel, { given, acting: wanted, ...wrongFields(wish.wrong, `-${wanted}`) }))
    }
    await act(parts, req.params['name'], wanted, wish.wish, given['seen'])
    res.redirect(303, `/channels/${encodeURIComponent(String(req.params['name']))}?message=channel-${wanted}`)
  }
  const startLeft: RequestHandler = async (req, res, next) => {
    const [given, left] = [req.body as { readonly [name: string]: unknown }, (await leftBehind(parts)).find(({ channel }) => channel === req.params['name'])]
    if (!left) return next()
    const wish = wishOfForm(res, given)
    if (!wish.ok) return show(res.status(400), 'channels.njk', await view(res, { given, acting: left.channel, ...wrongFields(wish.wrong, '-left') }))
    await parts.ledger.startChannel(left.channel, wish.wish.actor, wish.wish.reason, parts.now().toISOString())
    res.redirect(303, '/channels?message=channel-start')
  }
  const check: RequestHandler = async (_req, res) => {
    await parts.channels?.filesNow(true)
    res.redirect(303, '/channels?message=files-checked')
  }
  const take: RequestHandler = async (req, res) => {
    const given = req.body as { readonly [name: string]: unknown }
    const wish = wishOfForm(res, given)
    if (!wish.ok) return show(res.status(400), 'channels.njk', await view(res, { given, ...wrongFields(wish.wrong, '-take') }))
    res.redirect(303, `/channels?message=policy-${await takeFiles(parts, given['policy'], wish.wish)}`)
  }
  return [
    { method: 'get', path: '/channels', right: 'see', same: '/api/channels', handle: [page] },
    { method: 'post', path: '/channels/check', right: 'channels', handle: [form, ownForms, check] },
    { method: 'post', path: '/channels/take', right: 'channels', handle: [form, ownForms, take] },
    { method: 'get', path: '/channels/:name', right: 'see', same: '/api/channels/:name', handle: [onePage] },
    ...ACTS.map((wanted): Address => ({ method: 'post', path: `/channels/:name/${wanted}`, right: 'channels', handle: [form, ownForms, ...(wanted === 'start' ? [startLeft] : []), doIt(wanted)] })),
  ]
}
