// The turns of one document at a worker: once a destination has taken a letter its turn is over, and what was woken meanwhile,
// urgent and due, has another at once.
import type { Line } from '../../src/deliver/line.ts'

export const openTurns = (now: () => number) => {
  let another = true
  const wake: Line['wake']['wake'] = async (woken) => { another ||= woken.some(({ urgent, dueAt }) => urgent && Date.parse(dueAt) <= now()) }
  const take = async (turn: () => Promise<unknown>): Promise<void> => {
    while (another) {
      another = false
      await turn()
    }
  }
  return { wake, take }
}
