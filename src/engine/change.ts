// What a part of the engine does when another policy comes: it makes ready first, and goes over to it or back only when
// the whole engine can. Types only.
import type { Failure } from '../errors.ts'

export type Change =
  | {
      readonly ok: true
      /** The policy is in force now: what it brings begins, what it ends is closed. */
      commit(): Promise<void>
      /** The policy was not taken: everything is as before. */
      undo(): Promise<void>
    }
  /** It cannot be made ready, and everything is as before. */
  | { readonly ok: false; readonly channel: string; readonly failure: Failure }
