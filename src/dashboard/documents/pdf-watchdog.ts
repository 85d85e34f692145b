// Ends the process that it is in, when the engine that started it is gone or its processor time is used up: in a thread of
// its own, so that it does it however busy the reader is with a hostile PDF. It refuses to wait for anybody.
import { parentPort, workerData } from 'node:worker_threads'

const EVERY_MS = 250
const { parent, seconds } = workerData as { readonly parent: number; readonly seconds: number }

const isOver = (): boolean => {
  const { user, system } = process.cpuUsage()
  return process.ppid !== parent || (user + system) / 1e6 > seconds
}

const look = (): void => { if (isOver()) process.kill(process.pid, 'SIGKILL') }

look()
setInterval(look, EVERY_MS)
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, no window
parentPort?.postMessage('watching')
