// A small MLLP sender: for `openletter send`, for the bench and for tests. It matches each answer with its message by
// MSA-2, and refuses to say more than it knows: when the connection breaks after sending, the message may have been
// taken.
import { connect, type Socket } from 'node:net'
import { connect as connectTls, type ConnectionOptions } from 'node:tls'
import { Failure } from '../../errors.ts'
import { framed, frameReader } from './frame.ts'

export type MllpAddress = {
  readonly host: string
  readonly port: number
  /** For connecting, and for each answer. */
  readonly timeoutMs: number
  readonly tls?: ConnectionOptions
}

export type Answer = {
  /** MSA-1: AA, AE, AR, CA, CE, CR. */
  readonly code: string
  /** MSA-2. */
  readonly controlId: string
  /** MSA-3. */
  readonly text: string
  /** ERR-5.1, ERR-7 and ERR-8 of the first ERR. */
  readonly error?: { readonly code: string; readonly detail: string; readonly hint: string }
  /** The whole answer, one character a byte. */
  readonly raw: string
}

export type MllpSender = {
  /** Any number may be under way. Rejects with DESTINATION_UNSURE if no answer comes in time. */
  send(message: Buffer): Promise<Answer>
  close(): Promise<void>
}

type Waiting = { readonly controlId: string; readonly settle: (answer: Answer | Failure) => void }

export const connectMllp = async (to: MllpAddress): Promise<MllpSender> => {
  const socket = await connected(to)
  const reader = frameReader()
  let waiting: Waiting[] = []
  let body: Buffer[] = []

  const fail = (detail: string): void => {
    const all = waiting
    waiting = []
    for (const { settle } of all) settle(new Failure('DESTINATION_UNSURE', detail))
  }
  /** An answer without a control id is for the oldest: the other side could not read the message. */
  const settle = (answer: Answer): void => {
    const found = answer.controlId === '' ? waiting[0] : waiting.find(({ controlId }) => controlId === answer.controlId)
    waiting = waiting.filter((one) => one !== found)
    found?.settle(answer)
  }
  socket.on('data', (chunk: Buffer) => {
    for (const event of reader.push(chunk)) {
      if (event.kind === 'start') body = []
      else if (event.kind === 'body') body.push(event.bytes)
      else if (event.kind === 'end') settle(readAnswer(Buffer.concat(body)))
    }
  })
  socket.on('error', (error: NodeJS.ErrnoException) => fail(`The connection broke (${error.code}).`))
  socket.on('close', () => fail('The other side closed the connection without an answer.'))

  const send = (message: Buffer): Promise<Answer> =>
    new Promise((resolve, reject) => {
      if (socket.destroyed || !socket.writable) return reject(new Failure('DESTINATION_UNAVAILABLE', 'The connection is closed.'))
      const one: Waiting = {
        controlId: controlIdOf(message),
        settle: (answer) => {
          clearTimeout(timer)
          if (answer instanceof Failure) reject(answer)
          else resolve(answer)
        },
      }
      const timer = setTimeout(() => {
        waiting = waiting.filter((other) => other !== one)
        one.settle(new Failure('DESTINATION_UNSURE', `No answer came within ${to.timeoutMs} ms.`))
      }, to.timeoutMs)
      waiting.push(one)
      socket.write(framed(message))
    })

  const close = (): Promise<void> =>
    new Promise((resolve) => {
      if (socket.closed) return resolve()
      socket.once('close', () => resolve())
      socket.destroySoon()
    })
  return { send, close }
}

/** Connects, sends one message, waits for its answer and hangs up. */
export const sendMessage = async (message: Buffer, to: MllpAddress): Promise<Answer> => {
  const sender = await connectMllp(to)
  return sender.send(message).finally(() => sender.close())
}

const connected = (to: MllpAddress): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { host, port, tls } = to
    const socket = tls ? connectTls({ host, port, ...tls }) : connect({ host, port, noDelay: true })
    const unavailable = (detail: string): void => {
      socket.destroy()
      reject(new Failure('DESTINATION_UNAVAILABLE', detail))
    }
    const timer = setTimeout(() => unavailable(`${host}:${port} did not answer within ${to.timeoutMs} ms.`), to.timeoutMs)
    const fail = (error: NodeJS.ErrnoException): void => {
      clearTimeout(timer)
      unavailable(`${host}:${port}: ${error.code ?? 'no connection'}.`)
    }
    socket.once('error', fail)
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer)
      socket.off('error', fail)
      resolve(socket)
    })
  })

const controlIdOf = (message: Buffer): string => {
  const [header = ''] = message.toString('latin1', 0, 4096).split(/[\r\n]/u, 1)
  return header.split(header[3] ?? '|')[9]?.trim() ?? ''
}

const readAnswer = (bytes: Buffer): Answer => {
  const raw = bytes.toString('latin1')
  const mark = raw[3] ?? '|'
  const component = raw[4] ?? '^'
  const fields = (name: string): readonly string[] => raw.split(/[\r\n]+/u).find((segment) => segment.startsWith(`${name}${mark}`))?.split(mark) ?? []
  const [, code = '', controlId = '', text = ''] = fields('MSA')
  const err = fields('ERR')
  return {
    code, controlId, text, raw,
    ...(err.length > 0 ? { error: { code: err[5]?.split(component)[0] ?? '', detail: err[7] ?? '', hint: err[8] ?? '' } } : {}),
  }
}
