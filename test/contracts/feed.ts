// What every feed has to do, whatever its protocol. A sender here is a proper one: what was not taken it sends again.
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import { Failure } from '../../src/errors.ts'
import { makeTake, type RejectMessage, type Take } from '../../src/intake/take.ts'
import type { ContentStore } from '../../src/ledger/content.ts'
import type { Receipt } from '../../src/types.ts'
import { anAccepted, sha256Of } from '../support/http-feed.ts'
import { aLedger, type TestLedger } from '../support/ledger.ts'
import { aPdf } from '../support/pdf.ts'
import { until } from '../support/until.ts'

export type Letter = { readonly documentId: string; readonly bytes: Buffer; /** Something only this letter says, to change it. */ readonly name?: string }
/** `later`: nothing was taken, send it again. */
export type Answer = { readonly said: 'taken' | 'refused' | 'later'; readonly code?: string }

export type FeedUnderTest = {
  readonly rejected: Parameters<RejectMessage>[0][]
  readonly said: string[]
  readonly content: ContentStore
  /** Hands one letter over, and resolves with what its sender is told in the end. */
  send(letter: Letter): Promise<Answer>
  /** Hands over something that cannot be read at all; `secret` stands in it. */
  sendUnreadable(secret: string): Promise<Answer>
  /** Finishes what is in hand. */
  close(): Promise<void>
  /** Removes what it stood on. */
  remove(): Promise<void>
}

export type FeedKind = {
  /** As the example policy calls it. */
  readonly feed: string
  readonly largest: number
  readonly tooLarge: { readonly fact: true } | { readonly refused: string }
  open(options: { readonly take: Take; readonly reject?: RejectMessage }): Promise<FeedUnderTest>
}

/** In order: what a taker was asked and when it had answered, and what the sender was told. */
const recorder = (answer: (receipt: Receipt) => Promise<Awaited<ReturnType<Take>>> = async () => anAccepted()) => {
  const [receipts, log]: [Receipt[], string[]] = [[], []]
  const take: Take = async (receipt) => {
    log.push('asked')
    const answered = await answer(receipt)
    receipts.push(receipt)
    log.push('durable')
    return answered
  }
  return { receipts, log, take }
}

export const feedContract = (kind: FeedKind): void => {
  let stand: FeedUnderTest | undefined
  let letters = 0
  const open = async (take: Take, reject?: RejectMessage): Promise<FeedUnderTest> => (stand = await kind.open({ take, ...(reject ? { reject } : {}) }))
  const aLetter = (overrides: Partial<Letter> = {}): Letter => ({ documentId: `RIO-${++letters}`, bytes: aPdf({ mark: `letter ${letters}`, bytes: 100_000 }), ...overrides })
  /** As a proper sender: again and again, until it is told what became of it. */
  const deliver = async (letter: Letter): Promise<Answer> => {
    for (;;) {
      const answer = await stand!.send(letter)
      if (answer.said !== 'later') return answer
    }
  }
  const hashes = (receipts: readonly Receipt[]): readonly (string | undefined)[] => receipts.map(({ contents }) => contents[0]?.sha256).sort()
  afterEach(async () => {
    await stand?.close()
    await stand?.remove()
    stand = undefined
  })

  describe('with a taker that records', () => {
    test('a letter is handed over once, byte for byte, and is in the content store by then', async () => {
      const there: boolean[] = []
      const { receipts, take } = recorder(async ({ contents }) => {
        there.push(await stand!.content.has(contents[0]!.sha256))
        return anAccepted()
      })
      await open(take)
      const letter = aLetter()
      expect(await stand!.send(letter)).toMatchObject({ said: 'taken' })
      expect(receipts).toHaveLength(1)
      expect(receipts[0]).toMatchObject({ feed: kind.feed, contents: [{ sha256: sha256Of(letter.bytes), size: letter.bytes.length }] })
      expect(receipts[0]!.skeleton).toContain(letter.documentId)
      expect(there).toEqual([true])
      expect(Buffer.concat(await (await stand!.content.read(sha256Of(letter.bytes))).toArray())).toEqual(letter.bytes)
    })

    test('nobody is told that it is taken before it is durable', async () => {
      const gate = Promise.withResolvers<void>()
      const { log, take } = recorder(async () => { await gate.promise; return anAccepted() })
      await open(take)
      const told = stand!.send(aLetter()).then(({ said }) => log.push(said))
      await until('it was asked', () => log.includes('asked'))
      // Time for an answer that must not come.
      await delay(50)
      gate.resolve()
      await told
      expect(log).toEqual(['asked', 'durable', 'taken'])
    })

    test('what cannot be attributed is refused, and its sender is told why', async () => {
      await open(recorder(async () => ({ kind: 'refused', code: 'PARENT_MISSING', detail: 'The event needs the id of the earlier document.' })).take)
      expect(await stand!.send(aLetter())).toEqual({ said: 'refused', code: 'PARENT_MISSING' })
      expect(stand!.rejected).toEqual([])
    })

    test('what cannot be read is refused and kept, and nothing of it is said', async () => {
      const { receipts, take } = recorder()
      await open(take)
      const answer = await stand!.sendUnreadable('Zwickenpflug')
      expect(answer.said).toBe('refused')
      expect(stand!.rejected.map(({ feed, code }) => [feed, code])).toEqual([[kind.feed, answer.code]])
      expect(stand!.rejected[0]!.skeleton).toContain('Zwickenpflug')
      expect([receipts, stand!.said.join(), stand!.rejected[0]!.detail].join()).not.toContain('Zwickenpflug')
    })

    test('a refusal that cannot be kept is none: it is sent again, and kept then', async () => {
      const kept: string[] = []
      let tries = 0
      await open(recorder().take, async ({ code }) => {
        if (++tries === 1) throw new Failure('STORE_UNAVAILABLE', 'away')
        kept.push(code)
      })
      let answer = await stand!.sendUnreadable('x')
      if (answer.said === 'later') {
        expect(kept).toEqual([])
        answer = await stand!.sendUnreadable('x')
      }
      expect([answer.said, kept]).toEqual(['refused', [answer.code]])
      expect(tries).toBe(2)
    })

    test('while the store is away nothing is lost, and it arrives when it is back, once', async () => {
      let tries = 0
      const { receipts, take } = recorder(async () => {
        if (++tries <= 2) throw new Failure('STORE_UNAVAILABLE', 'PostgreSQL does not answer.')
        return anAccepted()
      })
      await open(take)
      const letter = aLetter()
      expect(await deliver(letter)).toMatchObject({ said: 'taken' })
      expect([tries, hashes(receipts)]).toEqual([3, [sha256Of(letter.bytes)]])
      expect(stand!.rejected).toEqual([])
    })

    test('too large is told, one way or the other', async () => {
      const { receipts, take } = recorder()
      await open(take)
      const letter = aLetter({ bytes: aPdf({ bytes: kind.largest + 500_000 }) })
      const answer = await stand!.send(letter)
      if ('fact' in kind.tooLarge) {
        expect(answer).toMatchObject({ said: 'taken' })
        expect(receipts.map(({ contents }) => contents.map(({ tooLarge }) => tooLarge))).toEqual([[true]])
      } else {
        expect(answer).toEqual({ said: 'refused', code: kind.tooLarge.refused })
        expect([receipts, stand!.rejected.map(({ code }) => code)]).toEqual([[], [kind.tooLarge.refused]])
      }
      const next = aLetter()
      expect(await deliver(next)).toMatchObject({ said: 'taken' })
      expect(receipts.at(-1)!.contents[0]!.sha256).toBe(sha256Of(next.bytes))
    })

    test('several at once are each handed over, whole', async () => {
      const { receipts, take } = recorder()
      await open(take)
      const all = Array.from({ length: 5 }, () => aLetter())
      expect(await Promise.all(all.map((letter) => stand!.send(letter)))).toEqual(all.map(() => expect.objectContaining({ said: 'taken' })))
      expect(hashes(receipts)).toEqual(all.map(({ bytes }) => sha256Of(bytes)).sort())
    })

    test('close finishes what is in hand, and tells its sender', async () => {
      const gate = Promise.withResolvers<void>()
      const { log, take } = recorder(async () => { await gate.promise; return anAccepted() })
      await open(take)
      const told = stand!.send(aLetter())
      await until('it is in hand', () => log.includes('asked'))
      const closed = stand!.close()
      gate.resolve()
      expect(await told).toMatchObject({ said: 'taken' })
      await closed
      expect(log).toEqual(['asked', 'durable'])
    })
  })

  describe('with a real ledger', () => {
    let place: TestLedger
    let told: string[]
    beforeAll(async () => { place = await aLedger() })
    afterAll(() => place.close())
    const openReal = (): Promise<FeedUnderTest> => {
      told = []
      const take = makeTake({ ledger: place.ledger, policy: () => place.policy, say: (event, fields) => { told.push(`${event} ${JSON.stringify(fields)}`) } })
      return open(take, (message) => place.ledger.reject(message))
    }
    const count = async (sql: string, values: readonly unknown[] = []): Promise<number> => Number((await place.pool.query<{ n: string }>(`select count(*) as n from ${sql}`, [...values])).rows[0]!.n)
    const events = (name: string): readonly string[] => told.filter((line) => line.startsWith(`${name} `))

    test('a letter is stored and decided; the same one again changes nothing; with another name it is a new revision', async () => {
      await openReal()
      const letter = aLetter()
      expect(await deliver(letter)).toMatchObject({ said: 'taken' })
      expect(await deliver(letter)).toMatchObject({ said: 'taken' })
      expect([events('receipt_stored').length, events('receipt_repeated').length]).toEqual([1, 1])
      expect(await count('documents where source_id = $1', [letter.documentId])).toBe(1)
      expect(await deliver({ ...letter, name: 'CLIN Another letter.pdf' })).toMatchObject({ said: 'taken' })
      expect(events('receipt_stored')[1]).toContain('"revision":2')
      expect(await count('documents where source_id = $1', [letter.documentId])).toBe(1)
    })

    test('one without a document id is refused with its code, and kept', async () => {
      await openReal()
      expect(await deliver(aLetter({ documentId: '' }))).toEqual({ said: 'refused', code: 'DOCUMENT_ID_MISSING' })
      expect(await count("rejections where feed = $1 and code = 'DOCUMENT_ID_MISSING' and skeleton like '%MH share with patient%'", [kind.feed])).toBe(1)
    })

    test('one that cannot be read is kept', async () => {
      await openReal()
      const { code } = await stand!.sendUnreadable('x')
      expect(await count('rejections where feed = $1 and code = $2', [kind.feed, code])).toBe(1)
    })

    test('nothing of a patient is said', async () => {
      await openReal()
      await deliver(aLetter({ name: 'CLIN Zwickenpflug.pdf' }))
      await deliver(aLetter({ documentId: '', name: 'CLIN Zwickenpflug.pdf' }))
      expect([events('receipt_stored').length, events('receipt_rejected').length]).toEqual([1, 1])
      expect([...told, ...stand!.said].join('\n')).not.toMatch(/Zwickenpflug|9990000018|Example|Ada/u)
    })
  })
}
