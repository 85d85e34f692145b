// What a page asks by itself, without anybody having done something: it keeps no session alive. A header says so, and the
// stream of changes always is. It refuses to be of use to a stranger: whoever claims it only signs out sooner.
import type { Request } from 'express'

export const BY_ITSELF_HEADER = 'x-by-itself'
export const LIVE_PATH = '/live'

export const isByItself = (req: Pick<Request, 'path' | 'headers'>): boolean => req.path === LIVE_PATH || req.headers[BY_ITSELF_HEADER] !== undefined
