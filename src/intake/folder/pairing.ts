// Which document belongs to which metadata file or row. Pure. One document and one that speaks of it, and nobody else
// about either: that is a pair. It refuses to choose: where anything else could be meant, none of them gets anything.
import { Failure } from '../../errors.ts'
import type { Seen } from './disk.ts'
import type { Says } from './metadata.ts'
import { baseOf, fold, isOfDocumentKind, wrongName } from './names.ts'

/** A metadata file or a row that has no document yet, lying or in hand, of whichever engine. `id`: where it is. */
export type Claimant = Says & {
  readonly id: string
  /** The name of the metadata file; a row has none of its own. */
  readonly own?: string
  readonly arrivedMs: number
  /** Whole, and in a place where it can be judged. */
  readonly ready: boolean
  /** It is refused already. */
  readonly marked?: boolean
}

export type Verdict = { readonly kind: 'none' } | { readonly kind: 'waits' } | { readonly kind: 'document'; readonly name: string } | { readonly kind: 'fault'; readonly fault: Failure }

/** All that could be meant by each other, and why each is refused. */
export type Conflict = { readonly claimants: ReadonlyMap<string, Failure>; readonly documents: ReadonlyMap<string, Failure> }
export type Pairing = { readonly verdicts: Map<string, Verdict>; readonly conflicts: readonly Conflict[] }

/** All that was seen at one look. */
export type Sight = {
  readonly claimants: readonly Claimant[]
  readonly documents: ReadonlyMap<string, Seen>
  /** What lies there and is no plain file. */
  readonly others: ReadonlySet<string>
  readonly fsNow: number
  /** A document and what speaks of it come within this time of each other. */
  readonly windowMs: number
  /** Something lies there that may still name any document. */
  readonly unknown: boolean
  readonly isSettled: (document: string) => boolean
}

type Node = { readonly claimant: Claimant; readonly documents: readonly string[]; readonly keys: readonly string[] }

export const pairUp = (sight: Sight): Pairing => {
  const nodes = nodesOf(sight)
  const byKey = groupBy(nodes.flatMap((node) => node.keys.map((key) => [key, node] as const)))
  const verdicts = new Map<string, Verdict>()
  const conflicts: Conflict[] = []
  for (const node of nodes) {
    if (verdicts.has(node.claimant.id)) continue
    const members = togetherWith(node, byKey)
    if (members.length === 1 && node.documents.length < 2) verdicts.set(node.claimant.id, alone(node, sight))
    else judge(members, sight, verdicts, conflicts)
  }
  return { verdicts, conflicts }
}

const nodesOf = ({ claimants, documents, fsNow, windowMs }: Sight): readonly Node[] => {
  const byName = groupBy([...documents.keys()].map((name) => [fold(name), name] as const))
  const byBase = groupBy([...documents.keys()].filter(isOfDocumentKind).map((name) => [fold(baseOf(name)), name] as const))
  return claimants.map((claimant) => {
    const { file, own, arrivedMs } = claimant
    const found = new Set<string>()
    if (typeof file === 'string') for (const name of documents.has(file) ? [file] : (byName.get(fold(file)) ?? [])) found.add(name)
    if (own !== undefined && file !== null) for (const name of [...(byBase.get(fold(baseOf(own))) ?? []), ...(byName.get(fold(baseOf(own))) ?? [])]) found.add(name)
    const near = [...found].filter((name) => Math.abs(documents.get(name)!.ctimeMs - arrivedMs) <= windowMs)
    const keys = near.map((name) => `document ${name}`)
    // Two that wait for the same name are in each other's way before anything of that name has come.
    if (typeof file === 'string' && (near.length > 0 || fsNow - arrivedMs <= windowMs)) keys.push(`name ${fold(file)}`)
    return { claimant, documents: near, keys }
  })
}

const groupBy = <T>(entries: readonly (readonly [string, T])[]): ReadonlyMap<string, readonly T[]> => {
  const groups = new Map<string, T[]>()
  for (const [key, value] of entries) {
    const group = groups.get(key)
    if (group) group.push(value)
    else groups.set(key, [value])
  }
  return groups
}

const togetherWith = (first: Node, byKey: ReadonlyMap<string, readonly Node[]>): readonly Node[] => {
  const members = new Set([first])
  const walked = new Set<string>()
  for (const member of members) {
    for (const key of member.keys) {
      if (walked.has(key)) continue
      walked.add(key)
      for (const other of byKey.get(key)!) members.add(other)
    }
  }
  return [...members]
}

const alone = ({ claimant: { file, own, arrivedMs, cancels, marked }, documents }: Node, { others, fsNow, windowMs, unknown }: Sight): Verdict => {
  if (marked || file === null) return { kind: 'none' }
  const wrong = file === undefined ? undefined : typeof file === 'string' ? wrongName(file) : 'It is not text.'
  if (wrong !== undefined) return { kind: 'fault', fault: refused(`file: ${wrong}`) }
  const [name] = documents
  if (name !== undefined) {
    const isOwn = own !== undefined && [fold(baseOf(name)), fold(name)].includes(fold(baseOf(own)))
    return unknown && !isOwn ? { kind: 'waits' } : { kind: 'document', name }
  }
  if (typeof file === 'string' && others.has(file)) return { kind: 'fault', fault: refused('file: It names a folder, a link or something else that is no plain file.') }
  if (file === undefined && cancels) return { kind: 'none' }
  if (fsNow - arrivedMs <= windowMs) return { kind: 'waits' }
  return { kind: 'fault', fault: new Failure('DOCUMENT_FILE_MISSING', `${file === undefined ? 'It does not say file, and no document of its base name came' : 'No document came for it'} within ${windowMs / 60_000} minutes.`) }
}

const refused = (detail: string): Failure => new Failure('FILE_NAME_REFUSED', detail)

const judge = (members: readonly Node[], { isSettled }: Sight, verdicts: Map<string, Verdict>, conflicts: Conflict[]): void => {
  const documents = [...new Set(members.flatMap((member) => member.documents))]
  const isReady = members.every(({ claimant }) => claimant.ready) && documents.every(isSettled)
  const claimants = new Map(members.map((member) => [member.claimant.id, faultOf(member, members.length)]))
  for (const [id, fault] of claimants) verdicts.set(id, isReady ? { kind: 'fault', fault } : { kind: 'waits' })
  if (!isReady) return
  const why = refused(members.length > 1 ? `${members.length} metadata files or rows could mean it, and nobody can say whose it is.` : 'The metadata that could mean it could mean another document too.')
  conflicts.push({ claimants, documents: new Map(documents.map((name) => [name, why])) })
}

const faultOf = ({ claimant: { file }, documents }: Node, count: number): Failure => {
  if (documents.length < 2) return refused(`${count} metadata files or rows could mean the same document, and nobody can say whose it is.`)
  return refused(file === undefined ? `${documents.length} files could be meant: leave one of the base name.` : 'file names one document, and another one has the base name of the metadata: leave one of them.')
}
