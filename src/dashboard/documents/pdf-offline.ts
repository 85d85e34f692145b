// Loaded before anything else into the process that reads a hostile PDF, and into each of its threads: from then on no
// program text in it reaches or opens the network. Node's own permissions do not cover that yet. It refuses by its name.
import dgram from 'node:dgram'
import dns from 'node:dns'
import { syncBuiltinESMExports } from 'node:module'
import net from 'node:net'

const refuse = (): never => { throw Object.assign(new Error('There is no network here.'), { code: 'ERR_ACCESS_DENIED' }) }

/** Every function of it, whatever a later version adds. */
const close = (of: object): void => {
  for (const [name, { value, writable }] of Object.entries(Object.getOwnPropertyDescriptors(of))) {
    if (typeof value === 'function' && writable && name !== 'constructor') Object.defineProperty(of, name, { value: refuse, writable: false, configurable: false })
  }
}

// Whatever speaks TCP, TLS or HTTP comes by the first of these.
for (const [of, name] of [[net.Socket.prototype, 'connect'], [net.Server.prototype, 'listen'], [dgram.Socket.prototype, 'bind'], [dgram.Socket.prototype, 'connect'], [dgram.Socket.prototype, 'send']] as const)
  Object.defineProperty(of, name, { value: refuse, writable: false, configurable: false })
for (const one of [dns, dns.promises, dns.Resolver.prototype, dns.promises.Resolver.prototype]) close(one)
syncBuiltinESMExports()
