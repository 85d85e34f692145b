// Mail to servers that accept a connection and never come to an end.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { openMail } from '../../src/engine/mail.ts'

const LETTER = { to: ['duty@trust.example'], subject: 'a test', text: 'Nothing is wrong.' }

test.each([
  ['says nothing', () => {}],
  ['says a little again and again', (socket: Socket) => {
    const timer = setInterval(() => socket.write('220-wait\r\n'), 20)
    socket.on('close', () => clearInterval(timer))
  }],
])('a mail server that %s counts as away, and its password stays unsaid', async (_, manners) => {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => { sockets.add(socket); socket.on('error', () => {}); manners(socket) })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const mail = openMail({ url: `smtp://engine:p4ss@127.0.0.1:${(server.address() as AddressInfo).port}`, from: 'engine@trust.example', withinMs: 200 })
  try {
    expect(await mail.send(LETTER)).toEqual({ ok: false, code: 'ETIMEDOUT' })
  } finally {
    mail.close()
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  }
})

test('a mail server that is not there is told by what the system said', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  const mail = openMail({ url: `smtp://127.0.0.1:${port}`, from: 'engine@trust.example' })
  expect(await mail.send(LETTER)).toEqual({ ok: false, code: 'ECONNREFUSED' })
  mail.close()
})
