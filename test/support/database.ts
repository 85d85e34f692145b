// A real PostgreSQL database for a test file: its own, on the one server of the test run; empty, or migrated already.
//   const database = await freshDatabase()   in beforeAll;   await database.drop()   in afterAll
// A migrated one that was given back is as new again when another test gets it, under another name.
import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { Client, DatabaseError } from 'pg'
import { MIGRATED, SPARE } from './migrated.ts'

/** Address of the run's server, started by the first that asks. */
const serverUrl = async () => {
  const door = process.env['TEST_POSTGRES_DOOR']
  if (!door) throw new Error('freshDatabase works under Jest only, by globalSetup of jest.config.json')
  const answer = await text(connect(Number(door), '127.0.0.1'))
  if (!answer.startsWith('postgresql://')) throw new Error(answer || 'the test run is over')
  return answer
}

const on = async <T>(url: string, work: (client: Client) => Promise<T>): Promise<T> => {
  const client = new Client({ connectionString: url })
  await client.connect()
  return work(client).finally(() => client.end())
}
const at = (server: string, name: string): string => Object.assign(new URL(server), { pathname: `/${name}` }).href
const newName = (): string => `test_${randomBytes(6).toString('hex')}`

export type TestDatabase = {
  readonly url: string
  /** Also throws out whoever is still connected. */
  drop(): Promise<void>
}

/** Renamed first: whoever still has the old address finds nothing there. Where that is not possible, because somebody came back in the same moment, it is dropped. */
const givenBack = async (server: string, name: string): Promise<void> => on(server, async (client) => {
  const spare = newName()
  try {
    await client.query('select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1', [name])
    await client.query(`alter database ${name} rename to ${spare}`)
    const { rows: [again] } = await on(at(server, spare), (inside) => inside.query<{ asNew: boolean }>('select as_new.again() as "asNew"'))
    if (again?.asNew) {
      await client.query(`insert into ${SPARE} values ('${spare}')`)
      return
    }
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error
  }
  for (const one of [name, spare]) await client.query(`drop database if exists ${one} with (force)`)
})

export const freshDatabase = async (from: 'empty' | 'migrated' = 'empty'): Promise<TestDatabase> => {
  const server = await serverUrl()
  if (from === 'empty') {
    const name = newName()
    await on(server, (client) => client.query(`create database ${name}`))
    return { url: at(server, name), drop: async () => { await on(server, (client) => client.query(`drop database if exists ${name} with (force)`)) } }
  }
  const name = await on(server, async (client) => {
    const { rows: [spare] } = await client.query<{ name: string }>(`delete from ${SPARE} where name = (select name from ${SPARE} limit 1 for update skip locked) returning name`)
    const made = newName()
    if (!spare) await client.query(`create database ${made} template ${MIGRATED}`)
    return spare?.name ?? made
  })
  return { url: at(server, name), drop: () => givenBack(server, name) }
}
