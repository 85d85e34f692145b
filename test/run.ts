// `npm test`: types, lint, policy, channel tests, then every Jest suite; ends in a line that counts. It runs all of
// them even if one fails, and exits with 1 if any did.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const node = process.execPath
const total = { passed: 0, failed: 0, skipped: 0 }
const folder = mkdtempSync(join(tmpdir(), 'openletter-tests-'))

const run = (name: string, command: string, args: readonly string[]): boolean => {
  console.log(`\n── ${name}`)
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, FORCE_COLOR: process.env['FORCE_COLOR'] ?? '0' } })
  return status === 0
}
const step = (name: string, args: readonly string[]): void => { total[run(name, node, args) ? 'passed' : 'failed'] += 1 }

step('types', ['node_modules/typescript/bin/tsc', '--noEmit'])
step('lint', ['node_modules/oxlint/bin/oxlint', '--deny-warnings'])
step('policy', ['src/main.ts', 'check'])
step('channel tests', ['src/main.ts', 'test'])

const report = join(folder, 'jest.json')
// A worker of Jest keeps the modules of each suite that it has run, some 15 MB: jest.config.json has it replaced before that
// is much, and leaves it time to end, for which half a second is too little on a busy machine.
const finished = run('suites', node, [
  '--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js', '--json', `--outputFile=${report}`, ...process.argv.slice(2),
])
if (existsSync(report)) {
  const { numPassedTests, numFailedTests, numPendingTests, numRuntimeErrorTestSuites, testResults } = JSON.parse(readFileSync(report, 'utf8')) as {
    numPassedTests: number; numFailedTests: number; numPendingTests: number; numRuntimeErrorTestSuites: number
    testResults: readonly { readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[] }[]
  }
  total.passed += numPassedTests
  total.failed += numFailedTests + numRuntimeErrorTestSuites
  total.skipped += numPendingTests
  for (const { assertionResults } of testResults) for (const { status, fullName } of assertionResults) if (status === 'pending') console.log(`skipped: ${fullName}`)
  if (!finished && total.failed === 0) total.failed += 1
} else total.failed += 1
rmSync(folder, { recursive: true, force: true })

console.log(`\n${total.passed} passed, ${total.failed} failed${total.skipped > 0 ? `, ${total.skipped} skipped` : ''}`)
process.exitCode = total.failed > 0 ? 1 : 0
