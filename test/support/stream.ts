// A stream of server-sent events over real HTTP, as a browser reads it.
import { until } from './until.ts'

export type Heard = { readonly id?: string; readonly event?: string; readonly data?: string }
export type Stream = {
  readonly status: number
  readonly type: string | null
  readonly text: () => string
  /** Blocks with an event; comments left out. */
  events(): readonly Heard[]
  /** The last id that was given, with or without an event. */
  lastId(): string | undefined
  ended(): boolean
  next(event: string, than?: number): Promise<Heard>
  close(): void
}

export const listenTo = async (url: string, headers: Record<string, string> = {}): Promise<Stream> => {
  const aborting = new AbortController()
  const answer = await fetch(url, { headers: { accept: 'text/event-stream', ...headers }, redirect: 'manual', signal: aborting.signal })
  let [text, ended] = ['', false]
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    try {
      for await (const chunk of answer.body ?? []) text += decoder.decode(chunk as Uint8Array, { stream: true })
    } catch {
      // Closed from here.
    }
    ended = true
  }
  void read()
  const blocks = (): readonly Heard[] => text.split('\n\n').slice(0, -1).map((block) => Object.fromEntries(block.split('\n').flatMap((line) => {
    const [, name, value] = /^(id|event|data): (.*)$/u.exec(line) ?? []
    return name === undefined ? [] : [[name, value]]
  })) as Heard)
  const events = (): readonly Heard[] => blocks().filter((block) => block.event !== undefined)
  return {
    status: answer.status, type: answer.headers.get('content-type'), text: () => text, events, ended: () => ended, close: () => aborting.abort(),
    lastId: () => blocks().findLast((block) => block.id !== undefined)?.id,
    next: (event, than = 0) => until(`event ${event}`, () => events().filter((one) => one.event === event)[than]),
  }
}
