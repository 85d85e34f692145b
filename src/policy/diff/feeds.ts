// What becomes of a usual letter that a feed brings, where its status or its word on letters without an organisation
// has changed. It refuses the rest of a feed: where a field is in a message no comparison of files can judge.
import { USUAL } from '../../decide/difference.ts'
import { stricter } from '../../decide/facts.ts'
import type { Facts } from '../../types.ts'
import type { Policy } from '../policy.ts'
import type { Feed } from '../schema.ts'
import { becomes, keysOf, loosensOf, own, standingOf, type Effect } from './tables.ts'

/** Of a feed that one of the two policies does not have. */
const NOT_TAKEN = 'not taken'

export const feedEffects = (before: Policy, after: Policy): readonly Effect[] =>
  keysOf(before.feeds, after.feeds).flatMap((name): readonly Effect[] => {
    const [was, is] = [own(before.feeds, name), own(after.feeds, name)]
    const asked = [
      ...(was?.status === is?.status ? [] : [{ factsOf: broughtBy }]),
      ...(was?.producer_when_missing === is?.producer_when_missing ? [] : [{ factsOf: withoutOrganisation, without: 'organisation' as const }]),
    ]
    return asked.map(({ factsOf, ...about }): Effect => ({
      table: 'feeds', keys: [name], ...about,
      before: was ? becomes(before, factsOf(was)) : NOT_TAKEN, after: is ? becomes(after, factsOf(is)) : NOT_TAKEN,
      ...(was && is ? standingOf(before, factsOf(was), after, factsOf(is)) : {}),
      ...(is ? loosensOf(before, was && factsOf(was), after, factsOf(is)) : {}),
    }))
  })

const broughtBy = ({ status }: Feed): Facts => ({ ...USUAL, directorate: stricter('directorate', USUAL.directorate, status) })
const withoutOrganisation = (feed: Feed): Facts => ({ ...broughtBy(feed), producer: feed.producer_when_missing })
