// Begins with the suites that take longest, so that none of them runs alone at the end while the other processors wait.
// Without this the largest file would be first; where an earlier run was timed, its times decide.
import Sequencer from '@jest/test-sequencer'

const LONGEST = ['differential/differential', 'browser/every-page', 'dashboard/masking', 'journeys/start', 'browser/live', 'journeys/console', 'ledger/one-way', 'journeys/reload', 'journeys/kill', 'engine/alert-watch']
const place = ({ path, duration }) => (duration === undefined ? LONGEST.findIndex((name) => path.replaceAll('\\', '/').endsWith(`/test/${name}.test.ts`)) : -1)
const after = (test) => (place(test) < 0 ? LONGEST.length : place(test))

export default class LongestFirst extends Sequencer {
  sort(tests) {
    return super.sort(tests).toSorted((one, other) => after(one) - after(other))
  }
}
