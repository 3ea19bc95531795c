/**
 * The published package's entry `@weir/client`: the client and the types of what it takes and
 * gives.
 */
/// <reference lib="esnext.disposable" preserve="true" />
export type { Backoff } from "../../src/Backoff.ts"
export type { RpcOptions } from "../../src/Calls.ts"
export type { ChannelEvent, ChannelEvents } from "../../src/ChannelEvents.ts"
export type { Codec } from "../../src/Codec.ts"
export type { SocketConstructor, SocketLike } from "../../src/Connection.ts"
export type { TokenSource } from "../../src/Credentials.ts"
export type { Position } from "../../src/Envelope.ts"
export { type FailureCode, WeirError } from "../../src/Failure.ts"
export type { History, HistoryOptions } from "../../src/History.ts"
export type { Observable } from "../../src/Observable.ts"
export type { Presence, PresenceOptions } from "../../src/Presence.ts"
export type { Gap } from "../../src/Progress.ts"
export type { Member, Publication } from "../../src/Publication.ts"
export type { PublishOptions } from "../../src/Publisher.ts"
export type { Published } from "../../src/PublishLane.ts"
export type { ConnectionState } from "../../src/Session.ts"
export type { Signal, SignalOptions } from "../../src/Signal.ts"
export type {
  PresenceChange,
  Subscribed,
  SubscribeOptions,
  Subscription,
  SubscriptionHandlers
} from "../../src/Subscription.ts"
export { WeirClient, type WeirClientOptions } from "../../src/WeirClient.ts"
