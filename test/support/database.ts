// A real PostgreSQL database for a test file: its own, on the one server of the test run; empty, or migrated already.
//   const database = await freshDatabase()   in beforeAll;   await database.drop()   in afterAll
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Client } from 'pg'
import { MIGRATED } from './migrated.ts'

/** Address of the run's server, started by the first that asks. */
const serverUrl = async () => {
  const door = process.env['TEST_POSTGRES_DOOR']
  if (!door) throw new Error('freshDatabase works under Jest only, by globalSetup of jest.config.json')
  const answer = await text(connect(Number(door), '127.0.0.1'))
  if (!answer.startsWith('postgresql://')) throw new Error(answer || 'the test run is over')
  return answer
}

const run = async (url: string, statement: string) => {
  const client = new Client({ connectionString: url })
  await client.connect()
  await client.query(statement).finally(() => client.end())
}

export type TestDatabase = {
  readonly url: string
  /** Also throws out whoever is still connected. */
  drop(): Promise<void>
}

export const freshDatabase = async (from: 'empty' | 'migrated' = 'empty'): Promise<TestDatabase> => {
  const server = await serverUrl()
  const name = `test_${randomBytes(6).toString('hex')}`
  await run(server, from === 'empty' ? `create database ${name}` : `create database ${name} template ${MIGRATED}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: () => run(server, `drop database if exists ${name} with (force)`) }
}
