/**
 * Publisher: how the driver publishes, in the cheapest way that the system documents.
 */
import type { Publishing } from "../System.ts"

export interface Publisher {
  /**
   * Publishes all of them, in order, at once. Calls in the same turn of the loop may
   * travel together. The payloads are not changed afterwards. `key`: what they are the newest
   * of, for Weir alone.
   */
  readonly publish: (payloads: ReadonlyArray<Buffer>, channel: string, key?: string) => void
  /** Once everything so far is answered; absent where the system answers nothing. */
  readonly settled?: () => Promise<void>
  readonly close: () => void
}

/** `onFailure`: something was not accepted, or the connection is gone. */
export type OpenPublisher<P extends Publishing> = (
  publishing: P,
  onFailure: (message: string) => void
) => Promise<Publisher>
