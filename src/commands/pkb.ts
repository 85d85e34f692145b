// `openletter pkb doctor`: asks PKB, or the sandbox that stands in for it, step by step whether what pkb.yaml and the
// settings say is right, and says in plain words what is not. It refuses to send a document and to print a secret.
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { passesModulus11 } from '../decide/identity.ts'
import { examine } from '../deliver/pkb/doctor/doctor.ts'
import type { Finding } from '../deliver/pkb/doctor/findings.ts'
import { loadPolicy } from '../policy/load.ts'
import { addressesOf, isSandbox } from '../policy/pkb-addresses.ts'
import { printProblem } from '../policy/problem.ts'
import type { PkbDestination } from '../policy/schema.ts'
import type { Environment } from '../settings.ts'
import { checkable } from './environment.ts'
import { linesFor, widthOf } from './terminal-lines.ts'

export const USAGE = `Usage: npx openletter pkb doctor [--json] [--nhs-number NUMBER] [--no-hl7-message]

Looks step by step at the addresses and credentials that pkb.yaml names, and says what is wrong; ends with 1 if anything
is. It sends no document. It asks for the account of a made-up patient, or of the test patient with --nhs-number, and
sends one HL7 message: the deletion of a document that cannot be there, unless --no-hl7-message.`

/** Made up: no real number begins with 999. */
const NOBODY = '9990000018'

type Called = { readonly json: boolean; readonly nhsNumber: string; readonly sendsHl7: boolean }

const calledWith = (args: readonly string[]): Called | string => {
  try {
    const { positionals, values } = parseArgs({ args: [...args], allowPositionals: true, allowNegative: true, options: { json: { type: 'boolean', default: false }, 'nhs-number': { type: 'string' }, 'hl7-message': { type: 'boolean', default: true } } })
    const [what, ...more] = positionals
    if (what !== 'doctor' || more.length > 0) return what === undefined ? 'Say what to do: doctor.' : `pkb does not know ${more[0] ?? what}.`
    const nhsNumber = values['nhs-number']?.replaceAll(/\s/gu, '') ?? NOBODY
    if (!/^\d{10}$/u.test(nhsNumber) || !passesModulus11(nhsNumber)) return '--nhs-number is no NHS number.'
    return { json: values.json, nhsNumber, sendsHl7: values['hl7-message'] }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** `now`: for tests of a day that is still to come. */
export const pkb = async (args: readonly string[], env: Environment, now = (): Date => new Date()): Promise<number> => {
  const called = calledWith(args)
  if (typeof called === 'string') { console.error(`${called}\n\n${USAGE}`); return 2 }
  const { compiled, problems, placeIn } = await loadPolicy(checkable(env))
  const channel = compiled?.destinations.pkb
  const { file } = placeIn('pkb', [])
  const told: Finding[] = []
  const tell = (finding: Finding): void => {
    if (!called.json) print(finding, told.at(-1))
    told.push(finding)
  }
  if (!called.json) console.log(opening(channel))
  tell({ about: 'settings', step: 'pkb.yaml', ...inFile(problems.filter((one) => one.file === file).map(printProblem), problems.length, channel) })
  if (channel) await examine({ pkb: channel, isSandbox, alsoHl7: namesHl7(channel), nhsNumber: called.nhsNumber, sendsHl7: called.sendsHl7, now, newId: randomUUID }, tell)
  const isRight = told.every(({ result }) => result !== 'wrong')
  console.log(called.json ? JSON.stringify({ ok: isRight, ...(channel ? { transport: channel.transport, sandbox: onSandbox(channel) } : {}), findings: told }, null, 2) : closing(told))
  return isRight ? 0 : 1
}

const onSandbox = (channel: PkbDestination): boolean => addressesOf(channel).some(({ url, inUse }) => inUse && isSandbox(url))
/** Somebody who has given PKB's address for HL7 wants to know about it before letters go that way. */
const namesHl7 = ({ hl7_soap: { url } }: PkbDestination): boolean => URL.canParse(url) && !isSandbox(url)

const inFile = (problems: readonly string[], others: number, channel: PkbDestination | undefined): Omit<Finding, 'about' | 'step'> => {
  if (problems.length > 0) return { result: 'wrong', says: `has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`, advice: problems.join('\n') }
  if (!channel) return { result: 'wrong', says: 'cannot be looked at', advice: 'Run npx openletter check and mend what it prints: the channel, or the rules beside it, cannot be read.' }
  return { result: 'ok', says: others === 0 ? 'has no problem' : `has no problem; ${others} in other files: run npx openletter check` }
}

// ---------------------------------------------------------------- words

const SIGNS = { ok: 'ok', wrong: 'WRONG', 'not-checked': 'not checked' } as const satisfies Record<Finding['result'], string>
const COLUMNS = { result: 13, step: 18 }

const print = ({ about, step, result, says, advice }: Finding, before: Finding | undefined): void => {
  const lines = [...(before?.about === about ? [] : ['', about]), `  ${SIGNS[result].padEnd(COLUMNS.result)}${step.padEnd(COLUMNS.step)}${says}`, ...(advice?.split('\n') ?? []).map((line) => `${' '.repeat(COLUMNS.result + 2)}${line}`)]
  console.log(linesFor(lines, widthOf(process.stdout)).join('\n'))
}

const opening = (channel: PkbDestination | undefined): string =>
  !channel ? 'PKB' : `Letters go by ${channel.transport}. ${onSandbox(channel) ? 'This is the sandbox and not PKB.' : 'These are the addresses of PKB.'} No document is sent.`

const closing = (told: readonly Finding[]): string => {
  const count = (result: Finding['result']): number => told.filter((one) => one.result === result).length
  return `\n${count('ok')} ok, ${count('wrong')} wrong, ${count('not-checked')} not checked`
}
