// Days as bars, each stacked of what became of its documents; colours have patterns, and a key names them. Pure. It
// refuses to leave a document out: the stack of a day is as high as what came in.
import { scaleBand } from 'd3-scale'
import { stack } from 'd3-shape'
import { countScale, lines, patternDefinition, type Pattern } from './axes.ts'
import { chart, element, label, type Chart, type Piece } from './svg.ts'

export type Part = { readonly name: string; readonly text: string; readonly pattern: Pattern }
export type DayBar = { readonly day: string; /** Under the bar. */ readonly short: string; readonly counts: { readonly [part: string]: number } }
export type ByDay = { readonly id: string; readonly title: string; readonly description: string; readonly parts: readonly Part[]; readonly days: readonly DayBar[] }

const LEFT = 44
const BOTTOM = 32
const KEY_ROW = 24

export const byDay = ({ id, title, description, parts, days }: ByDay): Chart => {
  const totalOf = ({ counts }: DayBar): number => parts.reduce((total, { name }) => total + (counts[name] ?? 0), 0)
  const table = { heads: ['Day', 'Came in', ...parts.map(({ text }) => text)], rows: days.map((day) => [day.day, totalOf(day), ...parts.map(({ name }) => day.counts[name] ?? 0)]) }
  const stacked = stack<DayBar>().keys(parts.map(({ name }) => name)).value(({ counts }, name) => counts[name] ?? 0)([...days])
  return chart(id, title, description, table, ({ width, height, size, idOf }) => {
    const perRow = size === 'wide' ? 3 : 2
    const top = 8 + Math.ceil(parts.length / perRow) * KEY_ROW
    const across = scaleBand(days.map(({ day }) => day), [LEFT, width - 8]).paddingInner(0.25)
    const up = countScale(Math.max(...days.map(totalOf)), height - BOTTOM, top + 8)
    const every = size === 'wide' ? 2 : 4
    const fill = (name: string): string => `url(#${idOf(name)})`
    return [
      element('defs', {}, ...parts.map(({ name, pattern }) => patternDefinition(idOf(name), name, pattern))),
      ...parts.flatMap(({ name, text }, n) => keyOf(text, fill(name), 8 + (n % perRow) * ((width - 8) / perRow), Math.floor(n / perRow) * KEY_ROW)),
      ...lines(up, LEFT, width - 8),
      ...stacked.flatMap((series) => days.flatMap(({ day }, n): readonly Piece[] => {
        const [from = 0, to = 0] = series[n] ?? []
        return to > from ? [element('rect', { class: 'ol-chart__part', fill: fill(series.key), x: across(day)!, y: up(to), width: across.bandwidth(), height: up(from) - up(to) })] : []
      })),
      // Counted from the end: today is always named.
      ...days.flatMap(({ day, short }, n) => ((days.length - 1 - n) % every === 0 ? [label(short, { class: 'ol-chart__small', x: across(day)! + across.bandwidth() / 2, y: height - BOTTOM + 18, 'text-anchor': 'middle' })] : [])),
    ]
  }, { wide: 320, narrow: 360 })
}

const keyOf = (text: string, fill: string, x: number, y: number): readonly Piece[] => [
  element('rect', { class: 'ol-chart__part', fill, x, y: y + 2, width: 16, height: 16 }),
  label(text, { class: 'ol-chart__small', x: x + 22, y: y + 15 }),
]
