// One turn of a worker on a real ledger, on a machine that stands still at the worst moment: what it had begun is not
// sent when it goes on.
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { openGate } from '../../src/deliver/gate.ts'
import { workOn } from '../../src/deliver/line.ts'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { planAgain } from '../../src/deliver/worker.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import { ADA } from '../support/documents.ts'
import { makeFolder } from '../support/folder.ts'
import { aLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'
import { aServer, hl7Settings } from '../support/pkb.ts'
import { keep } from '../support/shipment.ts'

test('a machine that stood still between the writing down and the sending sends nothing when it goes on: a stop or a recall may have come meanwhile', async () => {
  const folder = makeFolder()
  let asked = 0
  const server = await aServer((_req, res) => { asked += 1; res.end() })
  const settings = hl7Settings(server.url)
  const place = await aLedger((policy) => ({ ...policy, destinations: { ...policy.destinations, pkb: settings } }))
  const now = (): Date => place.clock.at
  const content = await openContent(join(folder.path, 'content'))
  await keep(content, aPdf({ mark: 'Clinic letter' }))
  const destination = openPkb(settings, { content, now })
  const gate = openGate({ name: 'pkb', rules: { ...settings.circuit, at_once: 1 }, say: () => undefined, now, onAdmits: () => undefined })
  try {
    await place.ledger.savePerson(ADA.nhsNumber, { registered: true, deceased: false }, now().toISOString())
    const { id } = await place.upload({ documentId: 'RIO-L1' })
    await workOn(id, {
      destination, gate, retry: settings.retry, timeoutSecs: settings.timeout_secs, ledger: place.ledger, wake: { wake: async () => undefined }, policy: () => place.policy, planAgain,
      say: (event) => { if (event === 'attempt_started') place.clock.at = new Date(now().getTime() + settings.timeout_secs * 1000) },
      sayPolicy: () => undefined, now, random: () => 0, stopping: new AbortController().signal,
    })
    const [delivery] = (await place.ledger.story(id))!.deliveries
    expect([asked, delivery!.state, delivery!.standing]).toEqual([0, 'owed', 'nothing'])
    expect(delivery!.attempts).toMatchObject([{ outcome: 'unavailable', code: 'TIMEOUT' }])
  } finally {
    gate.close()
    await destination.close()
    await server.close()
    await place.close()
    folder.remove()
  }
})
