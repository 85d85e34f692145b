#!/usr/bin/env node
// Starts Openletter under Node 24, which runs the TypeScript in src/ as it is. It refuses to guess: on an
// older Node it hands over to the Node 24 that `npm ci` installed, and where there is none it says so.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
const major = Number(process.versions.node.split('.')[0])

if (major >= 24) {
  // What Node makes of the sources is kept, which halves the work of a start; where it cannot write, it goes without.
  module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/openletter', import.meta.url)))
  const { run } = await import(main)
  await run(process.argv.slice(2))
} else {
  const suffix = process.platform === 'win32' ? '.exe' : ''
  const platform = process.platform === 'win32' ? 'win' : process.platform
  const node = fileURLToPath(new URL(`../node_modules/node-${platform}-${process.arch}/bin/node${suffix}`, import.meta.url))
  if (!existsSync(node)) {
    console.error(
      `openletter needs Node 24 or later; this is Node ${process.versions.node}, and npm installed no Node 24 for ` +
        `${process.platform}-${process.arch}. Install Node 24 and try again.`,
    )
    process.exit(1)
  }
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', main, ...process.argv.slice(2)], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('exit', (code, signal) => process.exit(signal ? 1 : (code ?? 1)))
}
