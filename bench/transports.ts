// PKB by its two transports, at the pace that PKB asks for and at eight at once, each beside the same requests sent
// bare; and one question about five thousand accounts. It refuses to touch the policy of the project: a copy is changed.
import { randomUUID } from 'node:crypto'
import { openAccounts } from '../src/deliver/pkb/accounts.ts'
import { loadFiles } from '../src/policy/load.ts'
import { checkable } from '../src/commands/environment.ts'
import { readBelow } from '../src/policy/files.ts'
import type { Transport } from '../src/types.ts'
import { BIRTH_DATE, people } from './people.ts'
import { policyCopy } from './policy-copy.ts'
import { bareEnvironment, pkbSettings, ROOT, startSandbox, type SandboxChild } from './sandbox.ts'
import { SIZES } from './samples.ts'
import { rounded } from './table.ts'
import { measureEngine, measureLimit, type Case } from './throughput.ts'

type Row = readonly string[]
export const TRANSPORTS_HEAD: Row = ['PKB', 'at once', 'end to end/s', 'ACK p99 ms', 'the same requests bare/s', 'of it']

/** One T02 after another as PKB takes them, from as many senders. */
const bareSoap = async (count: number, atOnce: number): Promise<number> => {
  const sandbox = await startSandbox()
  try {
    const file = Buffer.alloc(SIZES['1.5 KB'], 0x41).toString('base64')
    const authorization = `Basic ${Buffer.from('openletter:sandbox').toString('base64')}`
    const envelope = (id: string): string => `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:wss="http://wsssl.hl7api.patientsknowbest.com/"><soapenv:Header/><soapenv:Body><wss:acceptMessage><arg0><![CDATA[${[
      `MSH|^~\\&|BENCH||HL7API|PKB|20261120103000||MDM^T02|${id}|P|2.4`, 'PID|||9990000018^^^NHS^NH{status:01}||Example^Ada||19700101', 'PV1||O||||||||MHADULT',
      `TXA||CL||||||||||${id}||||letter.pdf|AU`, `OBX|1|ED|^Clinic letter||^TEXT^PDF^Base64^${file}`,
    ].join('\r')}]]></arg0></wss:acceptMessage></soapenv:Body></soapenv:Envelope>`
    let left = count
    const began = performance.now()
    await Promise.all(Array.from({ length: atOnce }, async () => {
      while (left-- > 0) {
        const response = await fetch(`${sandbox.url}/services/hl7`, { method: 'POST', headers: { authorization, 'content-type': 'text/xml; charset=utf-8', soapaction: '""' }, body: envelope(randomUUID()) })
        if (!(await response.text()).includes('MSA|AA')) throw new Error(`The sandbox answered ${response.status}.`)
      }
    }))
    return count / ((performance.now() - began) / 1000)
  } finally {
    await sandbox.stop()
  }
}

const transportRow = async (transport: Transport, atOnce: number, count: number): Promise<Row> => {
  const one: Case = { name: transport, door: 'mllp', size: '1.5 KB', connections: 8, count, warmUp: Math.ceil(count / 10) }
  const policy = policyCopy({ transport, at_once: atOnce })
  try {
    const engine = await measureEngine(one, 'postgresql', policy.env)
    const bare = transport === 'fhir' ? (await measureLimit(one, engine.resource, atOnce)).endToEndPerSec : await bareSoap(count, atOnce)
    return [transport, String(atOnce), rounded(engine.endToEndPerSec, 1), rounded(engine.p99Ms, 1), rounded(bare), `${rounded((100 * engine.endToEndPerSec) / bare)} %`]
  } finally {
    policy.forget()
  }
}

export const transportRows = async (quick: boolean): Promise<readonly Row[]> => {
  const rows: Row[] = []
  for (const [transport, atOnce] of [['fhir', 1], ['fhir', 8], ['hl7-soap', 1], ['hl7-soap', 8]] as const) rows.push(await transportRow(transport, atOnce, quick ? 200 : 1_000))
  return rows
}

export const ACCOUNTS_HEAD: Row = ['accounts of 5,000 people', 'took']

const times = async (work: () => Promise<unknown>): Promise<string> => {
  const began = performance.now()
  await work()
  return `${rounded(performance.now() - began)} ms`
}

export const accountRows = async (quick: boolean): Promise<readonly Row[]> => {
  const sandbox: SandboxChild = await startSandbox()
  const asked = people(quick ? 500 : 5_000)
  const { policy } = loadFiles(await readBelow(ROOT), checkable({ ...bareEnvironment(), ...pkbSettings(sandbox.url) }))
  const accounts = openAccounts(policy!.destinations.pkb!, { now: () => new Date() })
  const numbers = asked.map(({ nhsNumber }) => nhsNumber)
  try {
    await sandbox.control({ patients: asked.map(({ nhsNumber, registered }) => ({ nhsNumber, registered, birthDate: BIRTH_DATE })) })
    const ask = async (some: readonly string[]): Promise<void> => {
      const answer = await accounts.status(some, AbortSignal.timeout(60_000))
      if (!answer.answered || answer.people.length !== some.length) throw new Error('The accounts were not answered.')
    }
    await ask(numbers.slice(0, 1))
    return [
      [`in one question, ${numbers.length} people`, await times(() => ask(numbers))],
      ['one by one, the first 500', await times(async () => { for (const one of numbers.slice(0, 500)) await ask([one]) })],
    ]
  } finally {
    await accounts.close()
    await sandbox.stop()
  }
}
