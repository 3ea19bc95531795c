/**
 * Session: one client's continuity: who it is, what it is subscribed to, what it
 * has asked and not been answered, and how well it behaves.
 */
import type { Limits } from "@weir/config/Settings"
import type { Identity } from "@weir/core/Identity"
import type { Standing } from "@weir/core/Restrictions"
import { SendOrder } from "@weir/core/SendOrder"
import { notInWheel } from "@weir/flow/TimerWheel"
import { TokenBucket } from "@weir/flow/TokenBucket"
import type { Connection } from "./Connection.ts"
import type { Leaving } from "./domain/Leaving.ts"
import type { Admitted } from "./domain/NodeAdmission.ts"
import { publicNameOf } from "./domain/SessionId.ts"
import type { Subscription } from "./Subscription.ts"

export interface SessionOptions {
  /** Makes an id, if one is needed: who comes back has one. */
  readonly newId: () => string
  /** What requests of its own call it by, where it is not one connection that carries them. */
  readonly address?: string | undefined
  readonly connection: Connection
  readonly limits: Limits
  readonly admitted: Admitted
  readonly nowMillis: number
}

const none: ReadonlyArray<number> = []

export class Session {
  readonly connection: Connection
  readonly limits: Limits
  readonly address: string | undefined
  /** The IP address that the client has. */
  readonly from: string
  /** Since when its `connect` has been waited for. */
  awaitingConnectSince: number
  readonly subscriptions = new Map<string, Subscription>()
  /** `new`: only `connect` may come. `connecting`: nothing may, until it is answered. */
  phase: "new" | "connecting" | "connected" = "new"
  lastReceivedAt: number
  /** When the last ping left that nothing has answered yet; 0: none is out. */
  pingedAt = 0
  /** Shows that it lives when it is asked to, so that its silence means something. */
  answersBeats: boolean
  warnedOfExpiry = false
  /** It has been asked to leave. */
  leaving: Leaving | undefined
  /** When the last frames came that could not be parsed. */
  unparsable: ReadonlyArray<number> = none
  /** Where it waits to be looked at; the heartbeats' own. */
  slot = notInWheel
  /** Absent for exempt addresses. */
  readonly commands: TokenBucket | undefined
  /** Commands refused in a row for their rate. */
  refusedInARow = 0
  /** Where it has a place among its user's connections, if those are counted. */
  seat: string | undefined
  readonly #newId: () => string
  #id: string | undefined
  #identity: Identity | undefined
  #publicName: string | undefined
  // Made when they are needed: an idle client has none, and an empty Set weighs 200 bytes.
  #pendingIds: Set<number> | undefined
  #behind: Set<Subscription> | undefined
  #endings: Set<() => void> | undefined
  #sendOrder: SendOrder | undefined
  #signals: TokenBucket | undefined

  constructor({ address, admitted, connection, limits, newId, nowMillis }: SessionOptions) {
    this.#newId = newId
    this.address = address
    this.answersBeats = address === undefined
    this.connection = connection
    this.limits = limits
    this.awaitingConnectSince = nowMillis
    this.lastReceivedAt = nowMillis
    this.from = admitted.from
    this.commands = admitted.exempt ? undefined : new TokenBucket(limits.commands, nowMillis)
  }

  /** Requests that are not answered yet. */
  get pending(): number {
    return this.#pendingIds?.size ?? 0
  }

  isPending(id: number): boolean {
    return this.#pendingIds?.has(id) ?? false
  }

  begin(id: number): void {
    this.#pendingIds ??= new Set()
    this.#pendingIds.add(id)
  }

  end(id: number): void {
    this.#pendingIds?.delete(id)
    if (this.pending === 0) this.#pendingIds = undefined
  }

  /** Tells when the connection is gone; gives what takes that back. */
  onEnd(tell: () => void): () => void {
    const endings = this.#endings ?? new Set()
    this.#endings = endings.add(tell)
    return () => void endings.delete(tell)
  }

  ended(): void {
    for (const tell of this.#endings ?? []) tell()
  }

  /** Subscriptions to be replayed once the socket takes more. */
  get behind(): Set<Subscription> {
    this.#behind ??= new Set()
    return this.#behind
  }

  /** Of what it publishes. */
  get sendOrder(): SendOrder {
    this.#sendOrder ??= new SendOrder()
    return this.#sendOrder
  }

  /** What its signals may take from; as `commands`. */
  signals(nowMillis: number): TokenBucket | undefined {
    if (this.commands === undefined) return undefined
    this.#signals ??= new TokenBucket(this.limits.signals, nowMillis)
    return this.#signals
  }

  /** A secret of the client's. */
  get id(): string {
    this.#id ??= this.#newId()
    return this.#id
  }

  /** Who it is; nobody before `connect` was judged. */
  get identity(): Identity | undefined {
    return this.#identity
  }

  /** The client has proved who it is, and which session it comes back to, if to any. */
  resumeAs(id: string | undefined, identity: Identity): void {
    if (id !== undefined) this.#id = id
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
    this.#publicName ??= publicNameOf(this.id)
    return this.#publicName
  }

  /** Who it is, as far as it may be restricted. */
  get standing(): Standing {
    return this.standingOf(this.#identity!)
  }

  /** The same with another token of its own. */
  standingOf({ issuedAt, tokenId, user }: Identity): Standing {
    const session = this
    return {
      ...{ user, tokenId, issuedAt, sessionId: this.id, address: this.from },
      // A digest: made only for who asks.
      get publicName() {
        return session.publicName
      }
    }
  }

  /** Who its publications are by. */
  get publisher(): string {
    const user = this.#identity?.user ?? ""
    return user === "" ? this.publicName : user
  }
}
