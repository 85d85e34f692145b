// Faults that a test sets by POST /control, so that the engine meets a bad day on purpose. The first one that
// matches a request is used, once or as often as it says. It refuses to touch /control itself.
import { z } from 'zod'

/**
 * `path`: this address and everything beneath it. `method`: any, if left out. A POST to `_search` is a reading, so
 * a fault for POST on a type spares it unless its path names `_search`; one for GET on the type takes it.
 * `times`: how many requests it meets (1); 0 or less means every one.
 * `status`: answers that, stores nothing. `retryAfter` (seconds or an HTTP date) alone means 503.
 * `delayMs`: the work is done at once, the answer comes late. `cut`: the whole request is read, then the
 * connection is broken before or after the work, with no answer.
 */
export const faultSchema = z.strictObject({
  path: z.string().startsWith('/').default('/'),
  method: z.string().toUpperCase().optional(),
  times: z.int().default(1),
  status: z.int().min(200).max(599).optional(),
  retryAfter: z.union([z.number(), z.string()]).optional(),
  delayMs: z.int().min(0).max(600_000).optional(),
  cut: z.enum(['before-store', 'after-store']).optional(),
}).refine((fault) => fault.status ?? fault.retryAfter ?? fault.delayMs ?? fault.cut, { error: 'a fault needs status, retryAfter, delayMs or cut' })
  .transform((fault) => (fault.retryAfter !== undefined && fault.status === undefined && !fault.cut ? { ...fault, status: 503 } : fault))

export type Fault = z.infer<typeof faultSchema>

const beneath = (path: string, above: string): boolean =>
  path === above || path.startsWith(above.endsWith('/') ? above : `${above}/`)

export const meets = (fault: Fault, method: string, path: string): boolean => {
  if (!beneath(path, fault.path)) return false
  if (fault.method === undefined || fault.method === '*') return true
  const isSearch = path.endsWith('/_search') && !fault.path.endsWith('/_search')
  return fault.method === (isSearch ? 'GET' : method)
}

/** The first fault that meets the request, and the faults that are left after it. */
export const stumble = (faults: readonly Fault[], method: string, path: string): { readonly fault?: Fault; readonly left: readonly Fault[] } => {
  const fault = faults.find((candidate) => meets(candidate, method, path))
  if (!fault) return { left: faults }
  if (fault.times < 1) return { fault, left: faults }
  return { fault, left: faults.flatMap((other) => (other !== fault ? [other] : other.times > 1 ? [{ ...other, times: other.times - 1 }] : [])) }
}
