// The options of a torture or a bench. It refuses what it does not know, and numbers that make no sense, with a
// sentence and exit code 2.
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

export const readOptions = <T extends ParseArgsOptionsConfig>(options: T, usage: string) => {
  try {
    const { values } = parseArgs({ args: process.argv.slice(2), options: { ...options, help: { type: 'boolean', short: 'h' } }, strict: true, allowPositionals: false })
    if ('help' in values && values.help === true) {
      console.log(usage)
      process.exit(0)
    }
    return values
  } catch (error) {
    return wrong(error instanceof Error ? error.message : String(error), usage)
  }
}

export const wrong = (what: string, usage: string): never => {
  console.error(`${what}\n\n${usage}`)
  process.exit(2)
}

export const wholeNumber = (name: string, text: string | undefined, least: number, usage: string): number => {
  const number = Number(text)
  return /^\d{1,10}$/u.test(text ?? '') && number >= least ? number : wrong(`--${name} takes a whole number from ${least} on.`, usage)
}
