// What charts have in common: lines across with their numbers, and patterns that tell one thing from another without its
// colour. It refuses fractions on an axis: documents are counted whole.
import { scaleLinear, type ScaleLinear } from 'd3-scale'
import { element, label, type Piece } from './svg.ts'

/** From nought to a round number at or above the largest. */
export const countScale = (largest: number, from: number, to: number): ScaleLinear<number, number> => scaleLinear().domain([0, Math.max(largest, 4)]).nice(4).range([from, to])

/** Exact while it is short: there is room for five characters beside an axis. */
const short = new Intl.NumberFormat('en-GB', { notation: 'compact', maximumFractionDigits: 1 })
const tickText = (tick: number): string => (tick < 10_000 ? tick.toLocaleString('en-GB') : short.format(tick))

export const lines = (scale: ScaleLinear<number, number>, left: number, right: number): readonly Piece[] =>
  scale.ticks(4).filter(Number.isInteger).flatMap((tick) => [
    element('line', { class: 'ol-chart__line', x1: left, x2: right, y1: scale(tick), y2: scale(tick) }),
    label(tickText(tick), { class: 'ol-chart__small', x: left - 6, y: scale(tick) + 4, 'text-anchor': 'end' }),
  ])

export const PATTERNS = ['solid', 'stripes', 'dots', 'crosses', 'bars', 'empty'] as const
export type Pattern = (typeof PATTERNS)[number]

/** Marks in a square of eight, over the colour of the class. */
const MARKS = {
  solid: [],
  stripes: [element('path', { class: 'ol-chart__mark', d: 'M-2 2 L2 -2 M0 8 L8 0 M6 10 L10 6' })],
  dots: [element('circle', { class: 'ol-chart__dot', cx: 4, cy: 4, r: 1.6 })],
  crosses: [element('path', { class: 'ol-chart__mark', d: 'M1 1 L7 7 M7 1 L1 7' })],
  bars: [element('path', { class: 'ol-chart__gap', d: 'M0 2 H8 M0 6 H8' })],
  empty: [],
} as const satisfies Record<Pattern, readonly Piece[]>

/** `name` is the class that gives its colour. */
export const patternDefinition = (id: string, name: string, pattern: Pattern): Piece =>
  element('pattern', { id, width: 8, height: 8, patternUnits: 'userSpaceOnUse' }, element('rect', { class: `ol-chart__${name}`, width: 8, height: 8 }), ...MARKS[pattern])
