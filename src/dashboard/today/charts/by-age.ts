// What waits, by how long it has: one bar across for each span of time, with its number at its end. Pure. It refuses to
// hide what is old and few: a bar of one can be seen beside one of thousands.
import { scaleBand } from 'd3-scale'
import { countScale } from './axes.ts'
import { chart, element, label, type Chart } from './svg.ts'

export type AgeBar = { readonly text: string; readonly count: number; /** By destination, as words. */ readonly counts: readonly number[]; readonly old: boolean }
export type ByAge = { readonly id: string; readonly title: string; readonly description: string; readonly destinations: readonly string[]; readonly ages: readonly AgeBar[] }

const LEFT = 116
const LEAST = 3

export const byAge = ({ id, title, description, destinations, ages }: ByAge): Chart => {
  const table = { heads: ['Waiting for', 'Deliveries', ...(destinations.length > 1 ? destinations : [])], rows: ages.map(({ text, count, counts }) => [text, count, ...(destinations.length > 1 ? counts : [])]) }
  return chart(id, title, description, table, ({ width, height }) => {
    const down = scaleBand(ages.map(({ text }) => text), [8, height - 8]).paddingInner(0.35)
    const across = countScale(Math.max(...ages.map(({ count }) => count)), LEFT, width - 72)
    return ages.flatMap(({ text, count, old }) => {
      const [y, middle] = [down(text)!, down(text)! + down.bandwidth() / 2 + 5]
      const end = count === 0 ? LEFT : Math.max(across(count), LEFT + LEAST)
      return [
        label(text, { class: 'ol-chart__small', x: LEFT - 8, y: middle, 'text-anchor': 'end' }),
        element('line', { class: 'ol-chart__line', x1: LEFT, x2: LEFT, y1: y - 4, y2: y + down.bandwidth() + 4 }),
        ...(count > 0 ? [element('rect', { class: old ? 'ol-chart__bar ol-chart__bar--old' : 'ol-chart__bar', x: LEFT, y, width: end - LEFT, height: down.bandwidth() })] : []),
        label(count.toLocaleString('en-GB'), { class: 'ol-chart__name', x: end + 8, y: middle }),
      ]
    })
  }, { wide: 240, narrow: 240 })
}
