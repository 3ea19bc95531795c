/**
 * Identity: who a client is and what it may do, as its token says.
 */
import type { Capabilities } from "./Capability.ts"

export interface Identity {
  /** Empty for an anonymous client. */
  readonly user: string
  readonly tokenId: string
  /** Unix milliseconds. */
  readonly issuedAt: number
  /** Unix milliseconds. */
  readonly expiresAt: number
  readonly capabilities: Capabilities
  /** What it is subscribed to as it connects with its token; a ticket does not say. */
  readonly subscriptions?: ReadonlyArray<string>
}
