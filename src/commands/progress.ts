// How far a long look through the ledger is: a bar on a terminal, with count, rate and time left. It refuses to write
// anything where standard error is no terminal, and leaves no trace of itself at the end.
export type Progress = { at(done: number): void; end(): void }

type Stream = { readonly isTTY?: boolean; write(text: string): unknown }

const WIDTH = 24
const EVERY_MS = 100

export const openProgress = (total: number, { stream = process.stderr as Stream, now = () => performance.now() }: { readonly stream?: Stream; readonly now?: () => number } = {}): Progress => {
  if (stream.isTTY !== true || total === 0) return { at: () => undefined, end: () => undefined }
  const started = now()
  let shown = Number.NEGATIVE_INFINITY
  return {
    at: (done) => {
      if (now() - shown < EVERY_MS) return
      shown = now()
      stream.write(`\r\u001B[2K${bar(Math.min(done, total), total, (shown - started) / 1000)}`)
    },
    end: () => { stream.write('\r\u001B[2K') },
  }
}

export const bar = (done: number, total: number, secs: number): string => {
  const filled = Math.round((WIDTH * done) / total)
  const rate = secs > 0 ? done / secs : 0
  const left = rate > 0 ? `, ${Math.round(rate).toLocaleString('en-GB')} a second, ${durationOf((total - done) / rate)} left` : ''
  return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${done.toLocaleString('en-GB')} of ${total.toLocaleString('en-GB')}${left}`
}

const durationOf = (secs: number): string => {
  const whole = Math.ceil(secs)
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}
