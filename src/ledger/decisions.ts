// What people, PKB and the print house say about documents, each committed with what follows from it. It refuses to decide:
// what is released, held or tried again is in the file of that name.
import type { Pool } from 'pg'
import { Failure } from '../errors.ts'
import { savePeople } from './accounts.ts'
import { failed } from './asking.ts'
import type { Commit, Step } from './committer.ts'
import { doorNamed } from './doors.ts'
import type { Ledger } from './ledger.ts'
import { hold, release, retry } from './people.ts'
import { lookAgain, policyInForce, savePolicy } from './policies.ts'
import { acknowledgePrint } from './print-answers.ts'
import { documentOfDelivery } from './queries.ts'
import { redecide } from './replay.ts'
import { isUuid } from './search.ts'
import { decideAgain, printInstead } from './try-again.ts'

export const decisions = (pool: Pool, commit: Commit): Pick<Ledger, 'savePerson' | 'retry' | 'printInstead' | 'decideAgain' | 'acknowledgePrint' | 'hold' | 'liftHold' | 'release' | 'redecide' | 'savePolicy'> => {
  const onDocument = async (documentId: string, run: Step<void>['run']): Promise<void> => {
    if (isUuid(documentId)) await commit({ needs: { documents: [documentId], plans: true }, run })
  }
  return {
    hold: (id, actor, reason, at) => onDocument(id, (space) => hold(space, id, true, { actor, reason, at })),
    liftHold: (id, actor, reason, at) => onDocument(id, (space) => hold(space, id, false, { actor, reason, at })),
    release: async (id, actor, role, reason, at, more = {}) => {
      const door = await doorNamed(pool, actor).catch(failed)
      return isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => release(space, id, { actor, door, role, reason, at, ...more }) }) : 'missing'
    },
    redecide: async (id, by) => {
      if ((await policyInForce(pool).catch(failed))?.hash !== by.policy) throw new Failure('POLICY_NOT_IN_FORCE', 'Nothing was decided again.')
      return isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => redecide(space, id, by) }) : { kind: 'missing' }
    },
    retry: async (deliveryId, actor, reason, at, lookedAt) => {
      const documentId = await documentOfDelivery(pool, deliveryId).catch(failed)
      return documentId === undefined ? undefined : commit({ needs: { documents: [documentId] }, run: (space) => retry(space, deliveryId, { actor, reason, at, ...(lookedAt ? { lookedAt } : {}) }) })
    },
    printInstead: async (id, by) => (isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => printInstead(space, id, by) }) : { kind: 'missing' }),
    decideAgain: async (id, by) => {
      if ((await policyInForce(pool).catch(failed))?.hash !== by.policy) throw new Failure('POLICY_NOT_IN_FORCE', 'Nothing was decided again.')
      return isUuid(id) ? commit({ needs: { documents: [id], plans: true }, run: (space) => decideAgain(space, id, by) }) : { kind: 'missing', tried: false }
    },
    acknowledgePrint: async (item, at) => {
      const documentId = await documentOfDelivery(pool, item.deliveryId).catch(failed)
      if (documentId !== undefined) await commit({ needs: { documents: [documentId] }, run: (space) => acknowledgePrint(space, item, at) })
    },
    savePerson: (nhsNumber, person, asOf) => savePeople(pool, commit, [{ nhsNumber, ...person }], asOf).catch(failed),
    savePolicy: async (policy, at) => {
      if ((await policyInForce(pool).catch(failed))?.hash === policy.hash) return
      // First, so that a policy is never written down without it.
      await lookAgain(pool, at).catch(failed)
      await commit({ needs: {}, run: (space) => savePolicy(space, policy, at) })
    },
  }
}
