// One day by hour as bars, and the usual of the same weekday as a line over them. Pure. It refuses a usual where there is
// none: then there is no line, and the description says why.
import { scaleBand } from 'd3-scale'
import { curveStep, line } from 'd3-shape'
import { countScale, lines } from './axes.ts'
import { chart, element, label, type Chart, type Piece } from './svg.ts'

export type HourBar = { readonly label: string; readonly count: number; readonly usual?: number }
export type ByHour = { readonly id: string; readonly title: string; readonly description: string; readonly head: string; readonly hours: readonly HourBar[]; /** `usual Monday`. */ readonly usual: string }

const LEFT = 44
const TOP = 36
const BOTTOM = 32

export const byHour = ({ id, title, description, head, hours, usual }: ByHour): Chart => {
  const hasUsual = hours.some((hour) => hour.usual !== undefined)
  const table = { heads: ['Hour', head, ...(hasUsual ? [`The ${usual}`] : [])], rows: hours.map((hour) => [`${hour.label}:00`.replace(' again:00', ':00 again'), hour.count, ...(hasUsual ? [hour.usual ?? 'Not known'] : [])]) }
  return chart(id, title, description, table, ({ width, height, size }) => {
    const across = scaleBand(hours.map((hour) => hour.label), [LEFT, width - 8]).paddingInner(0.2)
    const up = countScale(Math.max(...hours.map(({ count, usual: other }) => Math.max(count, other ?? 0))), height - BOTTOM, TOP)
    const step = size === 'wide' ? 3 : 6
    return [
      ...lines(up, LEFT, width - 8),
      ...hours.filter(({ count }) => count > 0).map((hour) => element('rect', { class: 'ol-chart__bar', x: across(hour.label)!, y: up(hour.count), width: across.bandwidth(), height: up(0) - up(hour.count) })),
      ...hours.filter((_, n) => n % step === 0).map((hour) => label(hour.label, { class: 'ol-chart__small', x: across(hour.label)! + across.bandwidth() / 2, y: height - BOTTOM + 18, 'text-anchor': 'middle' })),
      ...(hasUsual ? [...usualLine(hours, (hour) => across(hour.label)! + across.bandwidth() / 2, up), ...key(usual)] : []),
    ]
  })
}

const usualLine = (hours: readonly HourBar[], x: (hour: HourBar) => number, y: (count: number) => number): readonly Piece[] => {
  const path = line<HourBar>().defined((hour) => hour.usual !== undefined).x(x).y((hour) => y(hour.usual ?? 0)).curve(curveStep)(hours)
  return path === null ? [] : [element('path', { class: 'ol-chart__usual-back', d: path }), element('path', { class: 'ol-chart__usual', d: path })]
}

/** Over the bars, where nothing lies under the words. */
const key = (usual: string): readonly Piece[] => [
  element('rect', { class: 'ol-chart__swatch', x: LEFT, y: 4, width: 16, height: 16 }), label('today', { class: 'ol-chart__small', x: LEFT + 22, y: 17 }),
  element('path', { class: 'ol-chart__usual', d: `M${LEFT + 80} 12 h28` }), label(usual, { class: 'ol-chart__small', x: LEFT + 114, y: 17 }),
]
