// What would become of a message, in words ready for a view. Whoever looks brought the message himself, so it is shown as
// it came. It refuses to know anything else of the person.
import type { Route } from '../../types.ts'
import type { Tried } from './channel-parts.ts'
import { factInWords, ROUTES_IN_WORDS } from '../words.ts'

const WHAT = { send: 'sent', 'take-back': 'taken back', leave: 'left as it stands', close: 'nothing is owed any more' } as const
const FORBIDS: { readonly [what: string]: string } = { pkb: 'PKB', print: 'print', send: 'sending to PKB' }
const OUTCOMES = { matched: { text: 'Decides', colour: 'green' }, 'not-matched': { text: 'No', colour: 'grey' }, 'not-tried': { text: 'Not tried', colour: 'white' } } as const

type Reasons = NonNullable<Tried['reasons']>

export const triedView = ({ feed, policy, refused, reasons }: Tried) => ({
  feed, policy: policy.slice(0, 12),
  ...(refused ? { refused: [{ key: 'Code', value: refused.code }, { key: 'Where', value: refused.at }, { key: 'What', value: refused.detail }, { key: 'What to do', value: refused.hint }] } : {}),
  ...(reasons ? { reasons: reasonsView(reasons) } : {}),
})

const routeInWords = (route: string): string => (Object.hasOwn(ROUTES_IN_WORDS, route) ? ROUTES_IN_WORDS[route as Route] : route)

const reasonsView = ({ fields, facts, floor, rules, decision, labels, owed, resource, unread }: Reasons) => {
  const { route, rule, because, conflict, variance, leftToTeam, wouldRoute, wouldRule } = decision
  const tried = rules.filter(({ outcome }) => outcome !== 'not-tried')
  const asks = facts.some(({ fact, value }) => fact === 'account' && value === 'unknown')
  return {
    route: routeInWords(route),
    decision: [
      { key: 'Goes to', value: routeInWords(route) },
      ...(wouldRoute === undefined ? [] : [{ key: 'Would go to', value: `${routeInWords(wouldRoute)} by ${wouldRule ?? ''}` }]),
      { key: 'Rule', value: rule }, { key: 'Because', value: because },
      ...(conflict ? [{ key: 'Conflict', value: 'The instruction and something else disagree: it is listed for the directorate.' }] : []),
      ...(variance ? [{ key: 'Variance', value: 'An appointment letter marked do-not-share: it is listed as differing from the policy.' }] : []),
      { key: 'Labels', value: labels.map(({ code, display }) => `${code} ${display}`).join(', ') },
      { key: 'Would be done', value: owed.map(({ destination, what }) => `${destination}: ${WHAT[what]}${what === 'send' && destination === 'pkb' && asks ? ', once PKB says that the person has an account' : ''}`).join('; ') || (leftToTeam ? 'Nothing: the team posts it' : 'Nothing') },
    ],
    fields: fields.map(({ field, values, lookedAt }) => ({
      field, values: values.map(({ text, at, written }) => ({ text, at, written })),
      lookedAt: lookedAt.length > 0 ? `Looked at ${lookedAt.join(', ')}` : 'The mapping names no place',
    })),
    facts: facts.map(({ fact, value, why }) => ({ ...factInWords(fact, value), why })),
    floor: floor.map(({ line, says, forbids }) => ({ line, says, forbids: forbids.map((one) => FORBIDS[one] ?? one).join(', ') })),
    rules: tried.map(({ rule: name, file, line, outcome, why }) => ({ name, place: `${file}:${line}`, outcome: OUTCOMES[outcome], why: why ?? '' })),
    notTried: rules.length - tried.length,
    resource: JSON.stringify(resource, undefined, 2), unread,
  }
}
