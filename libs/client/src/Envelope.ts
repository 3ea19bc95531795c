/**
 * Envelope: the frames that pass between a client and Weir, whatever their encoding.
 *
 * The types name what `weir/client/v1/client.proto` defines, as far as this SDK uses
 * it. A server may leave out what is empty or false.
 */
import type { EncodedData } from "./Data.ts"

/** A place in a channel's log. Two positions compare only within one epoch. */
export interface Position {
  readonly epoch: string
  readonly term: number
  readonly offset: number
}

export interface SubscribePayload {
  readonly channel: string
  readonly since?: Position
  readonly rewind?: { readonly last?: number; readonly since?: number }
  readonly member?: EncodedData
  readonly presence?: boolean
  readonly maxRateMs?: number
}

export interface ConnectPayload {
  readonly token?: string
  readonly ticket?: string
  readonly versions: ReadonlyArray<string>
  readonly client: string
  readonly batch: boolean
  readonly subscriptions: ReadonlyArray<SubscribePayload>
}

export interface SubscribedPayload {
  readonly channel: string
  readonly position: Position
  readonly recovered?: boolean
  readonly reason?: string
  readonly next: number
  readonly delivery?: string
}

export interface ErrorPayload {
  readonly code: string
  readonly message?: string
  readonly retryAfterMs?: number
}

export interface PublicationPayload extends EncodedData {
  /** Absent inside a `history` answer, which names the channel once. */
  readonly channel?: string
  readonly position: Position
  readonly messageId?: string
  readonly key?: string
  readonly publisher?: string
  readonly publishedAt?: number
}

export interface GapPayload {
  readonly channel: string
  readonly reason: string
  readonly from?: number
  readonly to?: number
  readonly position: Position
}

export interface MemberPayload extends EncodedData {
  readonly id: string
  readonly user?: string
  readonly joinedAt?: number
}

export interface ConnectedPayload {
  readonly session: string
  readonly ticket?: string
  readonly user?: string
  readonly heartbeatMs: number
  readonly expiresAt?: number
  readonly subscriptions?: ReadonlyArray<SubscribeResult>
  readonly features?: ReadonlyArray<string>
  readonly serverSubscriptions?: ReadonlyArray<SubscribeResult>
}

export interface SubscribeResult {
  readonly subscribed?: SubscribedPayload
  readonly error?: ErrorPayload
}

interface ServerPayloads {
  readonly connected: ConnectedPayload
  readonly subscribed: SubscribedPayload
  readonly unsubscribed: { readonly channel: string; readonly reason?: string }
  readonly published: { readonly position: Position; readonly duplicate?: boolean }
  readonly publication: PublicationPayload
  readonly gap: GapPayload
  readonly history: {
    readonly channel: string
    readonly position: Position
    readonly publications?: ReadonlyArray<PublicationPayload>
    readonly next?: number
  }
  readonly presence: {
    readonly channel: string
    readonly members?: ReadonlyArray<MemberPayload>
    readonly memberCount?: number
    readonly userCount?: number
    readonly next?: string
  }
  readonly signal: EncodedData & {
    readonly channel: string
    readonly publisher?: string
    readonly member?: string
  }
  readonly presenceChange: {
    readonly channel: string
    readonly joined?: ReadonlyArray<MemberPayload>
    readonly left?: ReadonlyArray<MemberPayload>
    readonly reset?: boolean
  }
  readonly rpcResult: EncodedData
  readonly refreshed: { readonly expiresAt?: number; readonly ticket?: string }
  readonly expiring: { readonly expiresAt?: number }
  readonly goaway: {
    readonly code: number
    readonly closeInMs?: number
    readonly afterMs?: { readonly min?: number; readonly max?: number }
  }
  readonly error: ErrorPayload
  readonly ping: object
  readonly pong: object
}

export type ServerType = keyof ServerPayloads

/** What Weir sends, told apart by `type`. */
export type ServerEnvelope = {
  [Type in ServerType]: {
    readonly type: Type
    readonly id?: number
    readonly ts?: number
    readonly payload: ServerPayloads[Type]
  }
}[ServerType]

export type ServerPayload<Type extends ServerType> = ServerPayloads[Type]

export type ClientType =
  | "connect"
  | "subscribe"
  | "unsubscribe"
  | "publish"
  | "history"
  | "presence"
  | "refresh"
  | "rpc"
  | "signal"
  | "ping"
  | "pong"
