import { afterEach, describe, expect, test } from '@jest/globals'
import express from 'express'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { localOrToken } from '../../src/dashboard/guard.ts'
import { startHttp } from '../../src/dashboard/listen.ts'
import { API_TOKEN, startDashboard } from '../support/dashboard.ts'
import { aStory, aTellingLedger } from '../support/story.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => { for (const close of closers.splice(0)) await close() })

const listen = async (options: Partial<Parameters<typeof startHttp>[0]> = {}) => {
  const http = await startHttp({ host: '127.0.0.1', port: 0, routers: [], behindProxy: false, ...options })
  closers.push(() => http.close())
  return http
}

const statusWith = async (url: string, headers: Record<string, string>): Promise<number | undefined> => {
  const req = request(url, { headers, agent: new Agent() }).end()
  const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage]
  res.resume()
  await once(res, 'end')
  return res.statusCode
}

describe('the HTTP server', () => {
  test.each(['0.0.0.0', '::', '10.0.0.1', 'trust.example'])('refuses %s, because there is no sign-in yet', async (host) => {
    await expect(startHttp({ host, port: 0, routers: [], behindProxy: false })).rejects.toMatchObject({ code: 'PUBLIC_WITHOUT_SIGN_IN' })
  })

  test('takes a public address behind a proxy', async () => {
    const { url } = await listen({ host: '0.0.0.0', behindProxy: true })
    expect((await fetch(url.replace('0.0.0.0', '127.0.0.1'))).status).toBe(404)
  })

  test('says which port is taken', async () => {
    const { url } = await listen()
    await expect(startHttp({ host: '127.0.0.1', port: Number(new URL(url).port), routers: [], behindProxy: false })).rejects.toMatchObject({ code: 'PORT_TAKEN' })
  })

  test('says when the host is no address of this machine', async () => {
    await expect(startHttp({ host: '203.0.113.7', port: 0, routers: [], behindProxy: true })).rejects.toMatchObject({ code: 'SETTING_INVALID' })
  })

  test.each([['evil.example', 421], ['evil.example:3000', 421], ['localhost.evil.example', 421], ['127.0.0.1.evil.example', 421], ['localhost', 200], ['LOCALHOST:99', 200], ['127.0.0.1', 200], ['[::1]:3000', 200]])(
    'called %s answers %i', async (host, status) => {
      const router = express.Router().get('/', (_req, res) => void res.send('ok'))
      const { url } = await listen({ routers: [router] })
      expect(await statusWith(url, { host })).toBe(status)
    },
  )

  test('answers 404 as a problem to programs and as a page to people', async () => {
    const { url } = await listen()
    const problem = await fetch(`${url}/feeds/nowhere`)
    expect([problem.status, problem.headers.get('content-type')]).toEqual([404, 'application/problem+json; charset=utf-8'])
    expect(await (await fetch(`${url}/nowhere`)).text()).toContain('Page not found')
  })

  test.each([['letters.example.nhs.uk', 401], ['engine', 401], ['localhost:3000', 200], ['127.0.0.1', 200], ['[::1]', 200]])('what is open on this machine alone is not open to whoever a silent proxy hands on, called %s: %i', async (host, status) => {
    const { url } = await listen({ behindProxy: true, routers: [express.Router().get('/metrics', localOrToken, (_req, res) => void res.send('ok'))] })
    expect(await statusWith(`${url}/metrics`, { host })).toBe(status)
  })

  test('closes at once although a browser keeps its connection', async () => {
    const http = await startHttp({ host: '127.0.0.1', port: 0, routers: [], behindProxy: false })
    const agent = new Agent({ keepAlive: true })
    const req = request(http.url, { agent }).end()
    const [res] = (await once(req, 'response')) as [import('node:http').IncomingMessage]
    res.resume()
    await once(res, 'end')
    const before = performance.now()
    await http.close()
    expect(performance.now() - before).toBeLessThan(1000)
    agent.destroy()
  })

  test('lets a request under way end before it closes', async () => {
    const arrived = Promise.withResolvers<() => void>()
    const router = express.Router().get('/slow', (_req, res) => arrived.resolve(() => void res.send('whole')))
    const http = await startHttp({ host: '127.0.0.1', port: 0, routers: [router], behindProxy: false })
    const answer = fetch(`${http.url}/slow`)
    const finish = await arrived.promise
    const closed = http.close()
    finish()
    expect(await (await answer).text()).toBe('whole')
    await closed
  })
})

describe('health and metrics', () => {
  const start = async (ok: boolean) => {
    const open = await startDashboard({
      ledger: aTellingLedger([aStory()]), ready: () => Promise.resolve([{ part: 'ledger', ok: true }, { part: 'queue', ok, ...(ok ? {} : { detail: 'not reached' }) }]),
    })
    closers.push(() => open.close())
    return open
  }

  test('say that the process lives', async () => {
    const { url } = await start(false)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
  })

  test.each([[true, 200, 'ready'], [false, 503, 'not ready']])('say whether each part can work: %s', async (ok, status, word) => {
    const { url } = await start(ok)
    const answer = await fetch(`${url}/health/ready`)
    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ status: word, parts: [{ part: 'ledger', ok: true }, { part: 'queue', ok }] })
  })

  test('are in the format of Prometheus and hold no patient', async () => {
    const { url } = await start(true)
    const answer = await fetch(`${url}/metrics`)
    const text = await answer.text()
    expect(answer.headers.get('content-type')).toContain('text/plain')
    expect(text).toContain('openletter_documents{state="acknowledged"} 1')
    expect(text).not.toMatch(/999 ?000|Ada|garden/u)
  })

  test('need the token of the API when a proxy hands a request on', async () => {
    const { url } = await start(true)
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      for (const header of ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded', 'via', 'x-real-ip']) expect([header, await statusWith(url + path, { [header]: '198.51.100.7' })]).toEqual([header, 401])
      expect(await statusWith(url + path, { 'x-forwarded-for': '198.51.100.7', authorization: `Bearer ${API_TOKEN}` })).toBe(200)
    }
  })
})
