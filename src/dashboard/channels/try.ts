// Try it: a message that is pasted or uploaded, and what would become of it. It is shown to whoever brought it, and to
// nobody else: it refuses the ledger, the log and every address, and there is no way from here to send it.
import express, { type RequestHandler, type Response } from 'express'
import { Failure } from '../../errors.ts'
import { FACTS, UNKNOWN_PERSON, type Person } from '../../types.ts'
import { bodyOf } from '../documents/api.ts'
import type { Tried, TryAsked, TryDesk } from './channel-parts.ts'
import type { Wrong } from '../documents/filter.ts'
import { fileForm, type Attached, type FileForm, type FormLimits } from '../file-form.ts'
import { wrongFields } from '../forms.ts'
import type { Address, DashboardParts } from '../parts.ts'
import { tried as triedShape, tryAsked } from './shapes-channels.ts'
import { triedView } from './try-view.ts'
import { show } from '../views.ts'
import { ownForms } from '../visitor.ts'

type Parts = Pick<DashboardParts, 'policy' | 'tryIt'>

/** A message and the document that belongs to it, of a usual size. */
const MOST_MB = 25
const FORM: FormLimits = {
  files: 2, fields: 12, fileBytes: MOST_MB * 1024 * 1024, fieldBytes: 2 * 1024 * 1024, fileTooLarge: `The file is larger than ${MOST_MB} MB.`,
  fieldTooLarge: 'The message is too large to be pasted: upload it as a file.',
}

const deskOf = ({ tryIt }: Parts): TryDesk => {
  if (!tryIt) throw new Failure('NOT_FOUND', 'Nothing can be tried at this engine.')
  return tryIt
}

const isAccount = (text: unknown): text is Person['account'] => FACTS.account.some((one) => one === text)
const isDay = (text: string): boolean => /^\d{4}-\d{2}-\d{2}$/u.test(text) && !Number.isNaN(Date.parse(text))

export const tryAddresses = (parts: Parts): readonly Address[] => [
  { method: 'get', path: '/try', right: 'channels', handle: [page(parts)] },
  { method: 'post', path: '/try', right: 'channels', handle: [fileForm(FORM), ownForms, answer(parts)] },
  {
    method: 'post', path: '/api/try', right: 'channels', handle: [express.json({ limit: `${MOST_MB * 2}mb` }), api(parts)],
    told: { says: 'What would become of a message: read and decided as its feed would, and forgotten. Nothing is stored or sent.', body: tryAsked, answer: triedShape, errors: ['NOT_FOUND'] },
  },
]

// ---------------------------------------------------------------- for people

type Given = { readonly [name: string]: string }

const shown = async (parts: Parts, given: Given, more: object): Promise<object> => {
  const feeds = Object.entries(parts.policy().feeds)
  const samples = parts.tryIt ? await parts.tryIt.samples() : []
  return {
    given,
    feeds: [{ value: '', text: 'Choose the feed' }, ...feeds.map(([name, { type }]) => ({ value: name, text: `${name} (${type === 'mllp' ? 'HL7' : 'JSON'})`, selected: given['feed'] === name }))],
    samples: [{ value: '', text: 'Choose a sample' }, ...samples.map(({ name }) => ({ value: name, text: name, selected: given['sample'] === name }))],
    accounts: [['unknown', 'PKB has not been asked'], ['registered', 'The person has an account'], ['unregistered', 'The person has none']].map(([value, text]) => ({ value, text, checked: (given['account'] ?? 'unknown') === value })),
    ...more,
  }
}

const page = (parts: Parts): RequestHandler => async (req, res) => {
  const { feed } = req.query
  show(res, 'try.njk', await shown(parts, typeof feed === 'string' && Object.hasOwn(parts.policy().feeds, feed) ? { feed } : {}, {}))
}

const answer = (parts: Parts): RequestHandler => async (req, res) => {
  const { fields, files } = req.body as FileForm
  const read = await readForm(parts, fields, files)
  if (!read.ok) return show(res.status(400), 'try.njk', await shown(parts, fields, wrongFields(read.wrong)))
  const told = await deskOf(parts).try(read.asked)
  show(res, 'try.njk', await shown(parts, { ...fields, feed: told.feed, message: read.text }, { tried: triedView(told) }))
}

type FormRead = { readonly ok: true; readonly asked: TryAsked; /** To be looked at and changed. */ readonly text: string } | { readonly ok: false; readonly wrong: readonly Wrong[] }

const readForm = async (parts: Parts, fields: Given, files: FileForm['files']): Promise<FormRead> => {
  const { feed = '', message = '', sample = '', which = '', account = 'unknown', birthDate = '', deceased } = fields
  const person = personOf({ account, birthDate, deceased: deceased === 'yes' })
  const desk = deskOf(parts)
  if (which === 'sample') {
    const [text, found] = [await desk.sample(sample), (await desk.samples()).find(({ name }) => name === sample)]
    const takes = found && feedFor(parts, found.type)
    if (text === undefined || takes === undefined || !found) return { ok: false, wrong: [{ parameter: 'sample', why: text === undefined ? 'Choose a sample.' : 'No feed of the policy takes this sample.' }] }
    return { ok: true, asked: { feed: takes, message: { sample }, person: UNKNOWN_PERSON }, text }
  }
  const [file, document] = [files['file'], files['document']]
  const isKnown = Object.hasOwn(parts.policy().feeds, feed)
  const wrong: readonly Wrong[] = [
    ...(isKnown ? [] : [{ parameter: 'feed', why: 'Choose the feed.' }]),
    ...(message.trim() === '' && !file ? [{ parameter: 'message', why: 'Paste a message, or choose a file.' }] : []),
    ...(message.trim() !== '' && file ? [{ parameter: 'message', why: 'Paste a message or choose a file, not both.' }] : []),
    ...(birthDate !== '' && !isDay(birthDate) ? [{ parameter: 'birthDate', why: 'Write the date of birth as 1970-01-31.' }] : []),
    ...(isKnown && parts.policy().feeds[feed]!.type === 'mllp' && document && !(file ? Buffer.from(file.bytes) : message).includes('{file}') ? [{ parameter: 'document', why: 'The message has no {file}: put it where the document belongs, or leave the document out.' }] : []),
    ...(isAccount(account) ? [] : [{ parameter: 'account', why: 'Choose what PKB would say.' }]),
  ]
  if (wrong.length > 0) return { ok: false, wrong }
  return {
    ok: true, text: file ? '' : message,
    asked: { feed, message: file ? { bytes: file.bytes } : { text: message }, person, ...(document ? { document } : {}) },
  }
}

const personOf = ({ account, birthDate, deceased }: { readonly account: unknown; readonly birthDate: string; readonly deceased: boolean }): Person =>
  ({ account: isAccount(account) ? account : 'unknown', deceased, ...(birthDate === '' ? {} : { birthDate }) })

/** The first that takes such a message; uploads rather by HTTP. */
const feedFor = ({ policy }: Parts, type: 'mllp' | 'upload'): string | undefined => {
  const feeds = Object.entries(policy().feeds)
  return (feeds.find(([, feed]) => feed.type === (type === 'mllp' ? 'mllp' : 'http')) ?? feeds.find(([, feed]) => type === 'upload' && feed.type === 'folder'))?.[0]
}

// ---------------------------------------------------------------- for programs

const api = (parts: Parts): RequestHandler => async (req, res: Response) => {
  const read = tryAsked.safeParse(bodyOf(req))
  // The places of what is wrong, never what stands there.
  if (!read.success) throw new Failure('QUERY_INVALID', `The body cannot be used at ${[...new Set(read.error.issues.map(({ path }) => path.slice(0, 2).map(String).join('.') || 'its members'))].join(', ')}.`)
  const { feed, message, metadata, sample, document, person } = read.data
  const given: readonly TryAsked['message'][] = [...(message === undefined ? [] : [{ text: message }]), ...(metadata === undefined ? [] : [{ text: JSON.stringify(metadata) }]), ...(sample === undefined ? [] : [{ sample }])]
  if (given.length !== 1) throw new Failure('QUERY_INVALID', 'Give one of message, metadata and sample.')
  const attached: Attached | undefined = document && { bytes: Buffer.from(document.data, 'base64'), ...(document.name ? { name: document.name } : {}), ...(document.contentType ? { type: document.contentType } : {}) }
  const told: Tried = await deskOf(parts).try({
    feed, message: given[0]!, ...(attached ? { document: attached } : {}),
    person: { account: person?.account ?? 'unknown', deceased: person?.deceased ?? false, ...(person?.birthDate === undefined ? {} : { birthDate: person.birthDate }) },
  })
  res.json(told)
}
