/**
 * Session: one client's continuity: who it is, what it is subscribed to, what it
 * has asked and not been answered, and how well it behaves.
 */

import type { Limits } from "@weir/config/Settings"
import type { Identity } from "@weir/core/Identity"
import { SendOrder } from "@weir/core/SendOrder"
import { TokenBucket } from "@weir/flow/TokenBucket"
import type { Connection } from "./Connection.ts"
import { publicNameOf } from "./domain/SessionId.ts"
import type { Subscription } from "./Subscription.ts"

export interface SessionOptions {
  readonly id: string
  readonly connection: Connection
  readonly limits: Limits
  /** Limits on rates do not concern it. */
  readonly exempt: boolean
  readonly nowMillis: number
}

export class Session {
  readonly connection: Connection
  readonly limits: Limits
  /** Since when its `connect` has been waited for. */
  awaitingConnectSince: number
  readonly subscriptions = new Map<string, Subscription>()
  /** Subscriptions to be replayed once the socket takes more. */
  readonly behind = new Set<Subscription>()
  /** Requests that are not answered yet. */
  readonly pendingIds = new Set<number>()
  /** `new`: only `connect` may come. `connecting`: nothing may, until it is answered. */
  phase: "new" | "connecting" | "connected" = "new"
  lastReceivedAt: number
  /** When the last ping left that nothing has answered yet; 0: none is out. */
  pingedAt = 0
  warnedOfExpiry = false
  /** When the last frames came that could not be parsed. */
  readonly unparsable: Array<number> = []
  /** Of what it publishes. */
  readonly sendOrder = new SendOrder()
  /** Absent for exempt addresses. */
  readonly commands: TokenBucket | undefined
  /** Commands refused in a row for their rate. */
  refusedInARow = 0
  #id: string
  #identity: Identity | undefined
  #publicName: string | undefined

  constructor({ connection, exempt, id, limits, nowMillis }: SessionOptions) {
    this.#id = id
    this.connection = connection
    this.limits = limits
    this.awaitingConnectSince = nowMillis
    this.lastReceivedAt = nowMillis
    this.commands = exempt ? undefined : new TokenBucket(limits.commands, nowMillis)
  }

  /** A secret of the client's. */
  get id(): string {
    return this.#id
  }

  /** Who it is; nobody before `connect` was judged. */
  get identity(): Identity | undefined {
    return this.#identity
  }

  /** The client has proved who it is, and which session it comes back to. */
  resumeAs(id: string, identity: Identity): void {
    this.#id = id
    this.#publicName = undefined
    this.#identity = identity
  }

  /** The same client, with a new token. */
  refresh(identity: Identity): void {
    this.#identity = identity
    this.warnedOfExpiry = false
  }

  /** What others see of an anonymous client, and the id of its members. */
  get publicName(): string {
    this.#publicName ??= publicNameOf(this.#id)
    return this.#publicName
  }

  /** Who its publications are by. */
  get publisher(): string {
    const user = this.#identity?.user ?? ""
    return user === "" ? this.publicName : user
  }
}
