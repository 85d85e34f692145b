// Prometheus counters, one for each event that declares one, and gauges that are read when somebody scrapes. It
// refuses labels of its own: only fields that `events.ts` names become labels, so no patient can be in one.
import { Counter, Gauge, Registry } from 'prom-client'
import type { Ledger } from '../ledger/ledger.ts'
import { EVENTS, type EventName } from './events.ts'

type Declared = { readonly fields: readonly string[]; readonly counter?: { readonly name: string; readonly labels: readonly string[] } }
type Fields = { readonly [field: string]: string | number | boolean }

/** A registry with every counter at hand, and what counts an event. */
export const counters = (): { readonly metrics: Registry; readonly count: (event: EventName, fields: Fields) => void } => {
  const metrics = new Registry()
  const byName = new Map<string, Counter>()
  for (const event of Object.values<Declared & { readonly says: string }>(EVENTS)) {
    if (!event.counter || byName.has(event.counter.name)) continue
    const { name, labels } = event.counter
    byName.set(name, new Counter({ name, help: event.says, labelNames: [...labels], registers: [metrics] }))
  }
  processGauges(metrics)
  const count = (event: EventName, fields: Fields): void => {
    const { counter }: Declared = EVENTS[event]
    if (!counter) return
    const labels = Object.fromEntries(counter.labels.map((label) => [label, String(fields[label] ?? '')]))
    byName.get(counter.name)?.inc(labels, typeof fields['count'] === 'number' ? Math.max(0, fields['count']) : 1)
  }
  return { metrics, count }
}

const processGauges = (metrics: Registry): void => {
  const memory = new Gauge({
    name: 'process_resident_memory_bytes', help: 'memory of this process', registers: [],
    collect() { this.set(process.memoryUsage.rss()) },
  })
  const started = new Gauge({ name: 'process_start_time_seconds', help: 'when this process started, as Unix time', registers: [] })
  started.set(Math.round(performance.timeOrigin / 1000))
  for (const gauge of [memory, started]) metrics.registerMetric(gauge)
}

/** The policy in force, whether the files hold another that was refused, and sign-offs whose review is overdue. */
export const watchPolicy = (metrics: Registry, read: () => { readonly hash: string; readonly refused: boolean; readonly overdue: number }): void => {
  const info = new Gauge({
    name: 'openletter_policy_info', help: '1 for the policy in force', labelNames: ['policy'], registers: [],
    collect() { this.reset(); this.set({ policy: read().hash.slice(0, 12) }, 1) },
  })
  const refused = new Gauge({
    name: 'openletter_policy_refused', help: '1 while channels and mappings hold a policy that was refused', registers: [],
    collect() { this.set(read().refused ? 1 : 0) },
  })
  const overdue = new Gauge({
    name: 'openletter_reviews_overdue', help: 'directorates that are live and whose sign-off is overdue for review', registers: [],
    collect() { this.set(read().overdue) },
  })
  for (const gauge of [refused, overdue]) metrics.registerMetric(gauge)
  metrics.registerMetric<string>(info)
}

/** Whether a destination is left alone for a while: of this process, for each has its own view. */
export const watchCircuits = (metrics: Registry, read: () => Readonly<Record<string, { readonly is: 'closed' | 'open' | 'half-open' }>>): void => {
  metrics.registerMetric<string>(new Gauge({
    name: 'openletter_circuit_open', help: '1 while a destination is left alone, 0.5 while one exchange is tried, by this process', labelNames: ['destination'], registers: [],
    collect() {
      this.reset()
      for (const [destination, { is }] of Object.entries(read())) this.set({ destination }, is === 'open' ? 1 : is === 'half-open' ? 0.5 : 0)
    },
  }))
}

type Counts = Awaited<ReturnType<Ledger['counts']>>

/** Gauges filled from the ledger at each scrape. A ledger that does not answer is a metric too, not an error. */
export const watchLedger = (metrics: Registry, ledger: Pick<Ledger, 'counts'>): void => {
  let answer: Promise<Counts | undefined> = Promise.resolve(undefined)
  const documents = new Gauge({
    name: 'openletter_documents', help: 'documents by state', labelNames: ['state'], registers: [],
    // First of the three in the registry, so it is the one that asks; the other two share its answer.
    async collect() {
      answer = ledger.counts().catch(() => undefined)
      const counts = await answer
      this.reset()
      for (const [state, count] of Object.entries(counts?.byState ?? {})) this.set({ state }, count)
    },
  })
  const oldest = new Gauge({
    name: 'openletter_oldest_owed_seconds', help: 'age of the oldest delivery that is due', registers: [],
    async collect() { this.set((await answer)?.oldestOwedSecs ?? Number.NaN) },
  })
  const up = new Gauge({
    name: 'openletter_ledger_up', help: '1 if the ledger answered this scrape', registers: [],
    async collect() { this.set((await answer) ? 1 : 0) },
  })
  const gauges = [['openletter_documents', documents], ['openletter_oldest_owed_seconds', oldest], ['openletter_ledger_up', up]] as const
  for (const [name, gauge] of gauges) {
    metrics.removeSingleMetric(name)
    metrics.registerMetric<string>(gauge)
  }
}

/** What people stopped and what has to go back, read at each scrape; NaN where the ledger does not answer. */
export const watchRecalls = (metrics: Registry, ledger: Pick<Ledger, 'stops' | 'recallCounts'>, now: () => Date): void => {
  const stops = new Gauge({
    name: 'openletter_stops_active', help: 'stops on deliveries to patients that are in force', registers: [],
    async collect() { this.set(await ledger.stops().then((all) => all.length, () => Number.NaN)) },
  })
  let answer: Promise<Awaited<ReturnType<Ledger['recallCounts']>> | undefined> = Promise.resolve(undefined)
  const open = new Gauge({
    name: 'openletter_recalls_open', help: 'recalls that are not done', registers: [],
    // First of the two in the registry: the other shares its answer.
    async collect() {
      answer = ledger.recallCounts().catch(() => undefined)
      this.set((await answer)?.open ?? Number.NaN)
    },
  })
  const oldest = new Gauge({
    name: 'openletter_recall_oldest_seconds', help: 'age of the oldest recall that is not done', registers: [],
    async collect() {
      const counts = await answer
      this.set(counts ? secsSince(counts.openSince, now()) : Number.NaN)
    },
  })
  for (const [name, gauge] of [['openletter_stops_active', stops], ['openletter_recalls_open', open], ['openletter_recall_oldest_seconds', oldest]] as const) {
    metrics.removeSingleMetric(name)
    metrics.registerMetric(gauge)
  }
}

const secsSince = (since: string | undefined, now: Date): number => (since === undefined ? 0 : Math.max(0, (now.getTime() - Date.parse(since)) / 1000))
