// The destinations' contract, for the record and for the post.
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe } from '@jest/globals'
import { openPkb } from '../../src/deliver/pkb/pkb.ts'
import { openContent } from '../../src/ledger/content-files.ts'
import { destinationContract } from '../contracts/destination.ts'
import { makeFolder } from '../support/folder.ts'
import { pkbSettings } from '../support/pkb.ts'
import { printStand } from '../support/print.ts'
import { aClient, aSandbox } from '../support/sandbox.ts'

const now = (): Date => new Date()

describe('pkb', () => {
  destinationContract(async () => {
    const folder = makeFolder()
    const sandbox = await aSandbox()
    const client = await aClient(sandbox.url)
    const content = await openContent(join(folder.path, 'content'))
    const destination = openPkb(pkbSettings(sandbox.url), { content, now })
    return {
      destination,
      content,
      standing: async (shipment) => {
        const found = await client.fhir(`/DocumentReference?identifier=urn:ietf:rfc:3986|urn:uuid:${shipment.identifier}&_elements=identifier`)
        const ids = ((found.body as { entry?: { resource: { id: string } }[] }).entry ?? []).map(({ resource }) => resource.id)
        return (await client.record(shipment.nhsNumber)).documents.filter(({ id }) => ids.includes(id)).map(({ sha256 }) => sha256)
      },
      close: async () => {
        await destination.close()
        await sandbox.close()
        folder.remove()
      },
    }
  })
})

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
