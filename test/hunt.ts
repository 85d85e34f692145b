// `npm run hunt -- --minutes 30`: the suites that draw random cases, with other draws each time, for as long as is asked for.
// It stops at the first case that breaks one, with what repeats it. `npm test` draws the same cases every time.
import { spawnSync } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = fileURLToPath(new URL('..', import.meta.url))
const { values: { minutes, runs }, positionals } = parseArgs({ allowPositionals: true, options: { minutes: { type: 'string', default: '30' }, runs: { type: 'string', default: '500' } } })

const suites = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => join('test', file).replaceAll('\\', '/'))
  .filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))
  .filter((file) => /support\/fast-check\.ts|PROPERTY_SEED/u.test(readFileSync(join(root, file), 'utf8')))
if (suites.length === 0) throw new Error(`No suite that draws random cases is called ${positionals.join(' or ')}.`)

const until = Date.now() + Number(minutes) * 60_000
let seeds = 0
while (Date.now() < until && process.exitCode === undefined) {
  const seed = String(randomInt(1, 2 ** 31))
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--silent', ...suites], {
    cwd: root, encoding: 'utf8', env: { ...process.env, PROPERTY_SEED: seed, ONE_WAY_RUNS: runs, UNREAD_RUNS: runs },
  })
  seeds += 1
  console.log(`seed ${seed}: ${status === 0 ? 'nothing found' : 'broken'}`)
  if (status === 0) continue
  console.log(`${stdout}${stderr}\nPROPERTY_SEED=${seed} ONE_WAY_RUNS=${runs} UNREAD_RUNS=${runs} npm run jest -- ${suites.join(' ')}`)
  process.exitCode = 1
}
console.log(`${suites.length} suites, ${seeds} seeds, ${process.exitCode === undefined ? 'nothing found' : 'broken'}`)
