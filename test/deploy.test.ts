// No Docker engine runs where these tests do: what can be wrong without one is looked at here.
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { isSetting, SETTINGS } from '../src/settings.ts'

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url))
const read = (name: string) => readFileSync(path(name), 'utf8')

type Service = {
  readonly image: string
  readonly environment: Readonly<Record<string, string>>
  readonly command?: readonly string[]
  readonly ports?: readonly string[]
  readonly volumes: readonly string[]
  readonly networks: readonly string[]
  readonly healthcheck?: { readonly test: readonly string[] }
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
}
type Compose = {
  readonly services: Readonly<Record<'engine' | 'postgres' | 'redis', Service>>
  readonly networks: Readonly<Record<string, { readonly internal?: boolean }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

const compose = parse(read('docker-compose.yml')) as Compose
const { engine, postgres, redis } = compose.services
const manifest = JSON.parse(read('package.json')) as { bin: { openletter: string }; scripts: Record<string, string> }

/** A Dockerfile as its instructions: the word, and the rest with continued lines joined. */
const instructions = read('Dockerfile').replaceAll(/^#.*\n/gm, '').replaceAll('\\\n', '').split('\n').filter(Boolean)
  .map((line) => ({ word: line.split(' ')[0]!, rest: line.slice(line.indexOf(' ')).trim() }))
const all = (word: string) => instructions.filter((one) => one.word === word).map(({ rest }) => rest)
const words = (json: string) => JSON.parse(json) as string[]

describe('docker-compose.yml', () => {
  test('has the engine, PostgreSQL and Redis, each pinned to a major version', () => {
    expect(Object.keys(compose.services).sort()).toEqual(['engine', 'postgres', 'redis'])
    for (const { image } of Object.values(compose.services)) expect(image).toMatch(/^[a-z]+:\d+(\.\d+)*$/)
  })

  test('publishes ports on loopback only, and nobody but the engine any', () => {
    for (const port of engine.ports!) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(engine.ports!.map((port) => port.split(':')[2])).toEqual([engine.environment['HTTP_PORT'], engine.environment['MLLP_PORT']])
    for (const service of [postgres, redis]) {
      expect(service.ports).toBeUndefined()
      expect(service.networks.every((name) => compose.networks[name]?.internal)).toBe(true)
    }
  })

  test('uses only settings that the engine knows, and leaves out none of PKB, of alerts and of signing in', () => {
    expect(Object.keys(engine.environment).filter((name) => !isSetting(name))).toEqual([])
    for (const name of Object.keys(SETTINGS).filter((name) => /^(?:PKB|ALERT|SMTP|CONSOLE|SIGN|OIDC)_/u.test(name))) expect(engine.environment).toHaveProperty(name)
  })

  test('holds no secret, and says what is missing instead of starting without one', () => {
    for (const name of Object.keys(engine.environment).filter((name) => isSetting(name) && SETTINGS[name].kind === 'secret')) expect(engine.environment[name]).toMatch(/\$\{[A-Z0-9_]+:[?-]/)
    for (const name of ['DATABASE_URL', 'REDIS_URL', 'RIO_HTTP_TOKEN', 'API_TOKEN']) expect(engine.environment[name]).toMatch(/\$\{[A-Z_]+:\?[^}]{10,}\}/)
    expect(postgres.environment['POSTGRES_PASSWORD']).toMatch(/^\$\{POSTGRES_PASSWORD:\?[^}]{10,}\}$/)
    expect(redis.command!.at(-1)).toMatch(/^\$\{REDIS_PASSWORD:\?[^}]{10,}\}$/)
  })

  test('gives the engine addresses that lead to the services beside it', () => {
    const at = (name: string) => new URL(engine.environment[name]!.replaceAll(/\$\{[^}]*\}/g, 'secret'))
    expect(at('DATABASE_URL')).toMatchObject({ hostname: 'postgres', port: '5432', username: postgres.environment['POSTGRES_USER'], pathname: `/${postgres.environment['POSTGRES_DB']}` })
    expect(at('REDIS_URL')).toMatchObject({ hostname: 'redis', port: '6379' })
  })

  test('waits until both can be used', () => {
    expect(engine.depends_on).toEqual({ postgres: { condition: 'service_healthy' }, redis: { condition: 'service_healthy' } })
    for (const service of [postgres, redis]) expect(service.healthcheck?.test.length).toBeGreaterThan(1)
  })

  test('keeps every job of Redis on the disk and throws none out', () => {
    const option = (name: string) => redis.command![redis.command!.indexOf(name) + 1]
    expect([option('--appendonly'), option('--appendfsync'), option('--maxmemory-policy')]).toEqual(['yes', 'always', 'noeviction'])
  })

  test('keeps statements out of the log of PostgreSQL', () => {
    expect(postgres.command).toEqual(expect.arrayContaining(['log_min_messages=log', 'log_min_error_statement=panic', 'log_error_verbosity=terse']))
  })

  test('mounts volumes and folders that there are', () => {
    for (const volume of Object.values(compose.services).flatMap(({ volumes }) => volumes)) {
      const [source = ''] = volume.split(':')
      if (source.startsWith('./')) expect(existsSync(path(source))).toBe(true)
      else expect(compose.volumes).toHaveProperty(source)
    }
    expect(engine.volumes).toContain('data:/data')
  })
})

describe('the Dockerfile', () => {
  test('stands on the Node that the project targets', () => {
    expect(all('FROM')).toEqual(['node:24-slim'])
  })

  test('runs what npm start runs', () => {
    const command = words(all('CMD')[0]!)
    expect(command.join(' ')).toBe(manifest.scripts['start'])
    const program = command.find((word) => word.endsWith('.mjs'))!
    expect(program).toBe(manifest.bin.openletter)
    expect(existsSync(path(program))).toBe(true)
  })

  test('copies only what is there and what .dockerignore lets through', () => {
    const let_through = read('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1))
    const sources = all('COPY').flatMap((rest) => rest.split(' ').slice(0, -1))
    for (const source of sources) expect(existsSync(path(source))).toBe(true)
    expect([...sources].sort()).toEqual([...let_through].sort())
  })

  test('installs from the lock file, without what only tests need', () => {
    expect(all('RUN').join('\n')).toContain('npm ci --omit=dev')
  })

  test('does not run as root, and its data can be written by who it runs as', () => {
    const user = all('USER').at(-1)
    expect(user).toBe('node')
    expect(all('RUN').some((rest) => rest.includes(`--owner=${user}`) && rest.endsWith('/data'))).toBe(true)
    expect(all('VOLUME')).toEqual(['/data'])
    expect(all('ENV').join(' ')).toContain('DATA_DIR=/data')
  })

  test('stops in good order and asks for its health in JavaScript that runs', () => {
    expect(all('STOPSIGNAL')).toEqual(['SIGTERM'])
    const check = words(all('HEALTHCHECK')[0]!.replace(/^.*?CMD /, ''))
    expect(check.slice(0, 2)).toEqual(['node', '-e'])
    expect(check[2]).toContain('/health/ready')
    expect(() => new Function(check[2]!)).not.toThrow()
  })
})
