// `openletter explain FILE`: the whole plan for one upload, rule by rule, as the engine would make it for a document
// that it has not seen before and a patient whose account it does not know. Sends nothing, stores nothing.
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { Failure } from '../errors.ts'
import { readUploadFile } from '../intake/read-file.ts'
import { openContent } from '../ledger/content-files.ts'
import { plan } from '../plan.ts'
import type { Policy } from '../policy/policy.ts'
import { firstPrior } from '../policy/test.ts'
import { FACT_NAMES, UNKNOWN_PERSON, type Found, type Plan, type Receipt, type Refusal } from '../types.ts'
import { checkable } from './environment.ts'
import { policyOrProblems } from './policy-or-problems.ts'

const USAGE = 'Usage: npx openletter explain FILE [--json]\nFILE is an HL7 message (.hl7) or an upload (.json); samples/ has some.'

export const explain = async (args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> => {
  const files = args.filter((arg) => !arg.startsWith('--'))
  const unknown = args.find((arg) => arg.startsWith('--') && arg !== '--json')
  if (files.length !== 1 || unknown) { console.error(unknown ? `explain does not know ${unknown}.\n${USAGE}` : USAGE); return 2 }
  const policy = await policyOrProblems(checkable(env))
  if (!policy) return 1
  const receipt = await read(files[0]!, policy)
  const planned = 'skeleton' in receipt ? plan(receipt, policy, UNKNOWN_PERSON, firstPrior(receipt)) : { ok: false as const, refusal: receipt }
  if (args.includes('--json')) console.log(JSON.stringify(planned.ok ? planned.plan : { refused: planned.refusal }, undefined, 2))
  else console.log(planned.ok ? inWords(planned.plan, policy) : `Refused: ${planned.refusal.code}\n  ${planned.refusal.at}: ${planned.refusal.detail}`)
  return planned.ok ? 0 : 1
}

const read = async (file: string, policy: Policy): Promise<Receipt | Refusal> => {
  const type = extname(file) === '.json' ? 'http' : 'mllp'
  const feed = Object.entries(policy.feeds).find(([, one]) => one.type === type)
  if (!feed) throw new Failure('SETTING_INVALID', `No channel is a feed of type ${type}, which would take ${file}.`)
  const folder = await mkdtemp(join(tmpdir(), 'openletter-explain-'))
  try {
    return await readUploadFile(file, { feed: feed[0], settings: feed[1], content: await openContent(folder), now: () => new Date(), newId: randomUUID })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw new Failure('SETTING_INVALID', `There is no file ${file}.`)
    throw error
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const rows = (pairs: readonly (readonly [string, string])[]): readonly string[] => {
  const width = Math.max(...pairs.map(([name]) => name.length))
  return pairs.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}
const found = (list: readonly Found[]): string => list.map(({ text, at }) => `"${text}" (${at})`).join(', ') || 'nothing'

const inWords = ({ document, facts, decision, trace, resource }: Plan, policy: Policy): string => {
  const fields: readonly (readonly [string, string])[] = [
    ['document', `${document.source} ${document.documentId}, ${document.event}${document.parentId ? ` of ${document.parentId}` : ''}`],
    ['source time', document.sourceTime ?? 'unknown'],
    ['picklist', found(document.picklist)],
    ['names', found(document.names)],
    ['signals', found(document.signals)],
    ['team', document.team ? found([document.team]) : 'nothing'],
    ['organisation', found(document.organisations)],
    ['NHS number', found(document.patient.nhsNumbers)],
    ['trace status', found(document.patient.traceStatuses)],
    ['completion', document.completion ? found([document.completion]) : 'nothing'],
    ['availability', document.availability ? found([document.availability]) : 'nothing'],
    ['files', document.contents.map(({ ref, declaredType, at }) => `${ref.size} bytes, declared ${declaredType ?? 'nothing'} (${at}), SHA-256 ${ref.sha256}`).join('; ') || 'none'],
  ]
  const would = decision.wouldRoute ? ` (would be ${decision.wouldRoute} by ${decision.wouldRule})` : ''
  return [
    'What the message says', ...rows(fields), '',
    'Facts', ...rows(FACT_NAMES.map((fact) => [fact, facts[fact]] as const)), '',
    'Rules, in order', ...trace.map(({ rule, line, matched, why }) => `  ${matched ? '✔' : '·'} ${rule} (line ${line}): ${why}`), '',
    'Decision', ...rows([['route', `${decision.route}${would}`], ['rule', decision.rule], ['because', decision.because], ['labels', decision.labels.join(', ')], ['policy', policy.hash.slice(0, 12)]]), '',
    'Nobody read', `  ${document.unread.join(', ') || 'nothing is left over'}`, '',
    'DocumentReference', JSON.stringify(resource, undefined, 2).replace(/^/gmu, '  '),
  ].join('\n')
}
