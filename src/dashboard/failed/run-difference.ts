// What a plan to decide again, or to print instead, would change, over all of its documents: how many go another way, are
// taken back or are kept in, and which elements of the resource differ. It refuses to change anything, to show values, and
// to look at more than a page can wait for.
import { z } from 'zod'
import { MOST_MEMBERS } from '../../decide/retry-run.ts'
import { differences } from '../../fhir/difference.ts'
import type { Ledger, Replayed, Run } from '../../ledger/ledger.ts'
import { plan } from '../../plan.ts'
import type { Policy } from '../../policy/policy.ts'
import { number } from '../assurance/numbers-view.ts'
import { aCount, anId, aRoute } from '../shapes.ts'
import { ROUTES_IN_WORDS } from '../words.ts'

/** The first of them in the order of the run: a large plan is looked at by two people, and one after the other shows the rest. */
const MOST_COMPARED = 500

export const runDifferenceShape = z.strictObject({
  id: anId,
  compared: aCount.meta({ description: `Documents that were looked at: the first of the run, at most ${MOST_COMPARED}.` }), of: aCount,
  notPart: aCount.meta({ description: 'Of these, refused and not part of the run until somebody says what has changed: compared after the others.' }),
  asBefore: aCount.meta({ description: 'Decided and sent as before.' }), unreadable: aCount, takesBack: aCount.meta({ description: 'Documents of which a copy would be taken back.' }),
  keptIn: aCount.meta({ description: 'Of a plan to print instead: what the floor or the policy keeps from the post.' }),
  goes: z.array(z.strictObject({ from: aRoute, to: aRoute, documents: aCount })),
  elements: z.array(z.strictObject({ path: z.string(), documents: aCount })).meta({ description: 'Elements of the DocumentReference that would be sent otherwise, without their places in lists.' }),
}).meta({ id: 'RunDifference', description: 'What a plan to decide again or to print instead would change.' })
export type RunDifference = z.infer<typeof runDifferenceShape>

type Parts = { readonly ledger: Pick<Ledger, 'runReport' | 'replayPage' | 'resourcesOf'>; readonly policy: () => Policy; readonly now: () => Date }
type Compared = { readonly from: Replayed['recorded']['route']; readonly to?: Replayed['recorded']['route']; readonly otherwise: boolean; readonly takesBack: boolean; readonly isKept: boolean; readonly paths: readonly string[] }

/** Nothing where it is only tried again: that decides nothing. */
export const runDifference = async ({ ledger, policy, now }: Parts, { id, kind }: Run): Promise<RunDifference | undefined> => {
  if (kind === 'retry') return undefined
  const inForce = policy()
  const rows = await ledger.runReport(id, MOST_MEMBERS)
  const part = new Set(rows.filter(({ state }) => state !== 'left-out').map(({ documentId }) => documentId))
  // Who is to say what has changed since a refusal sees first whether anything has on this side.
  const all = [...new Set([...part, ...rows.filter((row) => row.class === 'refused').map(({ documentId }) => documentId)])]
  const only = all.slice(0, MOST_COMPARED)
  const until = new Date(now().getTime() + 1).toISOString()
  const [{ documents: replayed }, stored] = await Promise.all([
    ledger.replayPage({ until, only }, (receipt, person, prior) => plan(receipt, inForce, person, kind === 'print' ? { ...prior, post: 'person' } : prior), MOST_COMPARED), ledger.resourcesOf(only),
  ])
  return { id, of: all.length, notPart: all.length - part.size, ...counted(replayed.map((one) => compared(one, stored.get(one.row.id), kind))) }
}

const compared = ({ recorded, planned, recalls }: Replayed, stored: object | undefined, kind: Run['kind']): Compared => {
  if (!planned.ok) return { from: recorded.route, otherwise: true, takesBack: false, isKept: false, paths: [] }
  const { decision, resource } = planned.plan
  const isKept = kind === 'print' && (decision.route !== 'print' || decision.leftToTeam)
  // What is kept in stays as it is.
  if (isKept) return { from: recorded.route, to: recorded.route, otherwise: false, takesBack: false, isKept, paths: [] }
  const paths = [...new Set((stored ? differences(stored, resource, 'nameless') : []).map(({ path }) => path.replaceAll(/\[\d+\]/gu, '[]')))]
  return { from: recorded.route, to: decision.route, otherwise: decision.rule !== recorded.rule || decision.leftToTeam !== recorded.leftToTeam || paths.length > 0, takesBack: recalls.length > 0, isKept, paths }
}

const tally = (texts: readonly string[]): readonly (readonly [string, number])[] => [...Map.groupBy(texts, (text) => text)].map(([text, those]) => [text, those.length] as const).sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))

const counted = (all: readonly Compared[]): Omit<RunDifference, 'id' | 'of' | 'notPart'> => ({
  compared: all.length,
  asBefore: all.filter(({ otherwise, isKept, from, to }) => !otherwise && !isKept && from === to).length,
  unreadable: all.filter(({ to }) => to === undefined).length, takesBack: all.filter(({ takesBack }) => takesBack).length, keptIn: all.filter(({ isKept }) => isKept).length,
  goes: [...Map.groupBy(all.filter(({ from, to }) => to !== undefined && to !== from), ({ from, to }) => `${from} ${to}`).values()]
    .map((those) => ({ from: those[0]!.from, to: those[0]!.to!, documents: those.length })).sort((a, b) => b.documents - a.documents),
  elements: tally(all.flatMap(({ paths }) => paths)).map(([path, documents]) => ({ path, documents })),
})

const documents = (n: number): string => `${number(n)} document${n === 1 ? '' : 's'}`

export const runDifferenceRows = ({ compared: looked, of, notPart, asBefore, unreadable, takesBack, keptIn, goes, elements }: RunDifference): readonly { readonly key: string; readonly value: string }[] => [
  { key: 'Compared', value: looked < of ? `The first ${number(looked)} of ${documents(of)}` : `All: ${documents(of)}` },
  ...(notPart > 0 ? [{ key: 'Not part of it yet', value: `${documents(notPart)} of these: refused by the destination, and compared so that you see what today’s policy would send otherwise` }] : []),
  ...(asBefore > 0 ? [{ key: 'As before', value: `${documents(asBefore)}: decided and sent as before. What the destination refused it would refuse again` }] : []),
  ...goes.map(({ from, to, documents: n }) => ({ key: `${ROUTES_IN_WORDS[from]} to ${ROUTES_IN_WORDS[to]}`, value: `${documents(n)} would go another way` })),
  ...(takesBack > 0 ? [{ key: 'Taken back', value: `${documents(takesBack)}: a copy stands, or may stand, and goes back first` }] : []),
  ...(keptIn > 0 ? [{ key: 'Kept in', value: `${documents(keptIn)}: not allowed by post, and left as ${keptIn === 1 ? 'it is' : 'they are'}` }] : []),
  ...(unreadable > 0 ? [{ key: 'Unreadable', value: `${documents(unreadable)}: the policy in force cannot read what is stored, so nothing is decided` }] : []),
  ...(elements.length > 0 ? [{ key: 'Elements that differ', value: elements.map(({ path, documents: n }) => `${path} (${number(n)})`).join(', ') }] : []),
]
