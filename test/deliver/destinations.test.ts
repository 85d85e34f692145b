// The destinations' contract, for the record by both transports and for the post.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { describe } from '@jest/globals'
import { destinationContract } from '../contracts/destination.ts'
import { makeFolder } from '../support/folder.ts'
import { pkbStand } from '../support/pkb.ts'
import { printStand } from '../support/print.ts'

describe('pkb by fhir', () => { destinationContract(() => pkbStand('fhir')) })

describe('pkb by hl7-soap', () => { destinationContract(() => pkbStand('hl7-soap'), { looks: false }) })

describe('print', () => {
  destinationContract(async () => {
    const folder = makeFolder()
    const stand = await printStand(folder.path)
    return {
      destination: stand.print,
      content: stand.content,
      standing: async (shipment) => Promise.all(
        stand.outbox().filter((batch) => batch.startsWith(shipment.deliveryId))
          .map(async (batch) => createHash('sha256').update(await readFile(stand.at('outbox', batch, `${shipment.deliveryId}.pdf`))).digest('hex')),
      ),
      close: async () => {
        await stand.print.close()
        folder.remove()
      },
    }
  })
})
