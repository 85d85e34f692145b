// What an address for programs says of itself, once: its description at /api/openapi.json is made from it, and tests
// compare each answer with it. It refuses to describe by hand what the code does.
import type { z } from 'zod'
import type { ErrorCode } from '../errors.ts'

export type Told = {
  /** One sentence. */
  readonly says: string
  /** Parameters in the address, all of them text. */
  readonly query?: z.ZodObject
  readonly body?: z.ZodType
  /** Of a success, with its status; JSON unless `type` says otherwise. */
  readonly answer?: z.ZodType
  readonly status?: number
  readonly type?: string
  /** Codes of `errors.ts` that it may answer with, those of signing in and of rights apart. */
  readonly errors?: readonly ErrorCode[]
}
