/**
 * Run: random tokens, rules and operations against a Weir that runs, each outcome held against
 * the model: nothing is refused that it allows, and nothing is given that it forbids.
 */

import { type Random, randomFrom } from "../faults/Random.ts"
import { GrpcReflectionClient } from "../harness/GrpcReflectionClient.ts"
import { openJson } from "../harness/JsonClient.ts"
import { auth, nowSeconds, signToken } from "../harness/Tokens.ts"
import { metric, start, type WeirProcess } from "../harness/WeirProcess.ts"
import { waitUntil } from "../harness/waitUntil.ts"
import { Client } from "./Client.ts"
import {
  channels,
  may,
  namespaceOf,
  namespaces,
  orgs,
  patterns,
  type Token,
  users,
  type Verb,
  verbs
} from "./Model.ts"

export interface Options {
  readonly seed: number
  readonly operations: number
  readonly onProgress?: (text: string) => void
}

export interface Report {
  /** What the model forbids and was given, or allows and was refused. */
  readonly wrong: ReadonlyArray<string>
  /** How often each outcome was seen. */
  readonly seen: ReadonlyMap<string, number>
}

const maxClients = 10

/** How many publications of before who subscribes may ask for. */
const rewound = 5

const randomToken = (random: Random, jti: string): Token => ({
  sub: random.pick(users),
  jti,
  org: random.pick(orgs),
  capabilities: Object.fromEntries(
    random
      .sample(patterns, 1 + random.below(7))
      .map((pattern) => [pattern, random.sample(verbs, random.below(verbs.length + 3))])
  ),
  subscriptions: random.sample(["chat:a", "news:x", "user:bob"], random.below(10) === 0 ? 1 : 0)
})

const sign = ({ capabilities, jti, org, sub, subscriptions }: Token): Promise<string> => {
  const iat = nowSeconds()
  const given = { org, ...(subscriptions.length === 0 ? {} : { subscriptions }) }
  return signToken({ claims: { sub, jti, capabilities, iat, exp: iat + 3_600, ...given } })
}

class Run {
  readonly #server: WeirProcess
  readonly #admin: GrpcReflectionClient
  readonly #random: Random
  readonly #clients: Array<Client> = []
  readonly #banned = new Set<string>()
  readonly #muted = new Set<string>()
  readonly #revoked = new Set<string>()
  readonly #seen = new Map<string, number>()
  readonly wrong: Array<string> = []
  #count = 0

  constructor(server: WeirProcess, admin: GrpcReflectionClient, random: Random) {
    this.#server = server
    this.#admin = admin
    this.#random = random
  }

  get seen(): ReadonlyMap<string, number> {
    return this.#seen
  }

  #saw(what: string): void {
    this.#seen.set(what, (this.#seen.get(what) ?? 0) + 1)
  }

  /** Holds what happened against what the model says. */
  #judge(what: string, allowed: boolean, happened: boolean, story: unknown): void {
    this.#saw(`${what} ${happened ? "done" : "refused"}`)
    if (allowed === happened) return
    this.wrong.push(`${what}: ${happened ? "given" : "refused"}: ${JSON.stringify(story)}`)
  }

  #client(): Client | undefined {
    return this.#clients.length === 0 ? undefined : this.#random.pick(this.#clients)
  }

  #forget(client: Client): void {
    this.#clients.splice(this.#clients.indexOf(client), 1)
  }

  /** Where it is subscribed, or anywhere. */
  #channelOf({ subscribed }: Client): string {
    const known = [...subscribed]
    return this.#random.pick(known.length > 0 && this.#random.below(2) === 0 ? known : channels)
  }

  async connect(): Promise<void> {
    if (this.#clients.length >= maxClients) return this.disconnect()
    const token = randomToken(this.#random, `t-${++this.#count}`)
    const old = this.#random.below(4) === 0 ? this.#client() : undefined
    const credential = old === undefined ? { token: await sign(token) } : { ticket: old.ticket }
    const wire = await openJson(this.#server.http!)
    wire.send("connect", { versions: ["1"], ...credential })
    const answer = await wire.take("connected").catch(() => undefined)
    const { sub, subscriptions } = old?.token ?? token
    this.#judge("connect", !this.#banned.has(sub), answer !== undefined, { sub, credential })
    if (answer === undefined) return
    const client = new Client(wire, old?.token ?? token, answer.payload.ticket)
    // A ticket does not say them.
    if (old === undefined) for (const it of subscriptions) client.subscribed.add(it)
    this.#clients.push(client)
  }

  async disconnect(): Promise<void> {
    const client = this.#client()
    if (client === undefined) return
    client.wire.close()
    this.#forget(client)
  }

  async subscribe(): Promise<void> {
    const client = this.#client()
    if (client === undefined) return
    const channel = this.#random.pick(channels)
    const wish = this.#random.below(4)
    const more =
      wish === 0
        ? { member: {} }
        : wish === 1
          ? { presence: true }
          : wish === 2
            ? { rewind: { last: rewound } }
            : {}
    const { token } = client
    const allowed =
      may(token, "subscribe", channel) &&
      (wish > 1 || (may(token, "presence", channel) && namespaceOf(channel).presence)) &&
      (wish !== 2 || may(token, "history", channel)) &&
      !client.subscribed.has(channel)
    const { is } = await client.ask("subscribe", { channel, ...more })
    this.#judge("subscribe", allowed, is === "ok", { token, channel, more, is })
    if (is !== "ok") return
    client.subscribed.add(channel)
    if (wish === 0) client.announced.add(channel)
    if (wish !== 2) return
    for (const value of (this.#published.get(channel) ?? []).slice(-rewound)) {
      await this.#hears(client, channel, value)
    }
  }

  async unsubscribe(): Promise<void> {
    const client = this.#client()
    if (client === undefined || client.subscribed.size === 0) return
    const channel = this.#random.pick([...client.subscribed])
    const { is } = await client.ask("unsubscribe", { channel })
    this.#judge("unsubscribe", true, is === "ok", { channel, is })
    client.leave(channel)
  }

  async read(verb: "history" | "presence"): Promise<void> {
    const client = this.#client()
    if (client === undefined) return
    const channel = this.#channelOf(client)
    const { token } = client
    const allowed =
      may(token, verb, channel) && (verb === "history" || namespaceOf(channel).presence)
    const { answer, is } = await client.ask(verb, { channel })
    this.#judge(verb, allowed, is === "ok", { token, channel, is })
    if (verb === "history" || is !== "ok") return
    const here = this.#clients.filter((it) => it.announced.has(channel)).map((it) => it.token.sub)
    for (const { user } of answer.payload.members ?? []) {
      // Who has just left may be there for a moment; who could never announce itself never is.
      if (here.includes(user)) this.#saw("roster entry")
      else if (!this.#everAnnounced.has(`${user} ${channel}`)) {
        this.wrong.push(`roster: ${user} is in ${channel}`)
      }
    }
  }

  readonly #everAnnounced = new Set<string>()
  readonly #published = new Map<string, Array<number>>()

  async publish(): Promise<void> {
    const client = this.#client()
    if (client === undefined) return
    const channel = this.#channelOf(client)
    const { token } = client
    const allowed =
      may(token, "publish", channel) &&
      namespaceOf(channel).clientPublish &&
      !this.#muted.has(token.sub)
    const value = ++this.#count
    const { is } = await client.ask("publish", { channel, data: value })
    this.#judge("publish", allowed, is === "ok", { token, channel, is })
    if (is === "ok") await this.#delivered(channel, value)
  }

  /** A service may always: what is heard of it is the question. */
  async announce(): Promise<void> {
    const channel = this.#random.pick(channels.filter((it) => may(everything, "publish", it)))
    const value = ++this.#count
    const request = { channel, data: Buffer.from(String(value)) }
    const { code } = await this.#admin.call(
      "weir.api.v1.PublishService",
      "Publish",
      request,
      "dev-key"
    )
    this.#judge("announce", true, code === 0, { channel, code })
    if (code === 0) await this.#delivered(channel, value)
  }

  /** Exactly those hear it who are subscribed, and whatever else a client hears is wrong. */
  async #delivered(channel: string, value: number): Promise<void> {
    this.#published.set(channel, [...(this.#published.get(channel) ?? []), value].slice(-rewound))
    for (const client of this.#clients) {
      if (client.subscribed.has(channel)) await this.#hears(client, channel, value)
    }
  }

  async #hears({ token, wire }: Client, channel: string, value: number): Promise<void> {
    await wire.takeWhere(
      `${value} on ${channel}`,
      ({ payload, type }) => type === "publication" && payload.data === value
    )
    this.#saw("delivery")
    if (!may(token, "subscribe", channel)) this.wrong.push(`delivery: ${channel}`)
  }

  async signal(): Promise<void> {
    const client = this.#client()
    if (client === undefined) return
    const channel = this.#channelOf(client)
    const { token } = client
    const allowed =
      may(token, "signal", channel) && client.subscribed.has(channel) && !this.#muted.has(token.sub)
    const id = client.wire.send("signal", { channel, data: {} })
    await client.wire.settle()
    const refused = client.wire.inbox.findIndex((it) => it.type === "error" && it.id === id)
    if (refused >= 0) client.wire.inbox.splice(refused, 1)
    this.#judge("signal", allowed, refused < 0, { token, channel })
  }

  async refresh(): Promise<void> {
    const client = this.#client()
    if (client === undefined) return
    const other = randomToken(this.#random, `t-${++this.#count}`)
    const token = this.#random.below(5) === 0 ? other : { ...other, sub: client.token.sub }
    const { answer, is } = await client.ask("refresh", { token: await sign(token) })
    this.#judge("refresh", token.sub === client.token.sub, is === "ok", { token, is })
    if (is !== "ok") return
    client.token = token
    client.ticket = answer.payload.ticket
    for (const channel of [...client.subscribed]) {
      if (may(token, "subscribe", channel)) continue
      await client.wire.takeWhere(
        `the end of ${channel}`,
        ({ payload, type }) => type === "unsubscribed" && payload.channel === channel
      )
      this.#saw("unsubscribed")
      client.leave(channel)
    }
  }

  async restrict(): Promise<void> {
    const kind = this.#random.pick(["ban", "mute", "revoke"] as const)
    const user = this.#random.pick(users)
    const target = { user }
    const held = { ban: this.#banned, mute: this.#muted, revoke: this.#revoked }[kind]
    const isLift = held.has(user)
    const request = { kind, target, ...(isLift ? {} : { reason: "by chance" }) }
    const method = isLift ? "Lift" : "Restrict"
    const { code } = await this.#admin.call("weir.api.v1.AdminService", method, request, "dev-key")
    this.#judge(method, true, code === 0, { request, code })
    if (isLift) held.delete(user)
    else held.add(user)
    const count = this.#banned.size + this.#muted.size + this.#revoked.size
    await waitUntil(
      "the connector knows it",
      async () => (await metric(this.#server.ops, "weir_connector_restrictions")) === count
    )
    // A token of the same second would be taken for one of before.
    const second = nowSeconds()
    if (kind === "revoke") await waitUntil("the next second", () => nowSeconds() > second)
    if (isLift || kind === "mute") return
    for (const client of [...this.#clients]) {
      if (client.token.sub !== user) continue
      const { code } = await client.wire.closed()
      this.#judge("eviction", true, code === (kind === "ban" ? 3506 : 3505), { kind, code })
      this.#forget(client)
    }
  }

  async step(): Promise<void> {
    const at = this.#random.below(100)
    if (at < 12) await this.connect()
    else if (at < 14) await this.disconnect()
    else if (at < 40) await this.subscribe()
    else if (at < 46) await this.unsubscribe()
    else if (at < 58) await this.publish()
    else if (at < 70) await this.announce()
    else if (at < 77) await this.read("history")
    else if (at < 84) await this.read("presence")
    else if (at < 91) await this.signal()
    else if (at < 99) await this.refresh()
    else await this.restrict()
    for (const { announced, token } of this.#clients) {
      for (const channel of announced) this.#everAnnounced.add(`${token.sub} ${channel}`)
    }
  }

  /** What nobody has taken: whatever was given without having been asked for or allowed. */
  async leftovers(): Promise<void> {
    for (const { token, wire } of this.#clients) {
      await wire.settle()
      for (const { payload, type } of wire.inbox) {
        if (type === "publication") {
          this.wrong.push(`a delivery to ${token.sub} on ${payload.channel} that nobody expects`)
        }
      }
    }
  }

  close(): void {
    for (const { wire } of this.#clients) wire.close()
  }
}

const everything: Token = {
  ...{ sub: "service", jti: "", org: undefined, subscriptions: [] },
  capabilities: { "*": verbs satisfies ReadonlyArray<Verb> }
}

/** As many operations, one after the other. */
export const run = async ({ onProgress, operations, seed }: Options): Promise<Report> => {
  const server = await start({
    program: "standalone",
    config: {
      auth,
      namespaces,
      limits: {
        commands: { perSecond: 100_000, burst: 100_000 },
        exempt: ["127.0.0.0/8"]
      }
    },
    env: { WEIR_LOG_LEVEL: "Error" }
  })
  const admin = await GrpcReflectionClient.connect(server.grpc!)
  const it = new Run(server, admin, randomFrom(seed))
  try {
    for (let done = 0; done < operations && it.wrong.length === 0; done++) {
      await it.step()
      if (done % 1_000 === 999) {
        await it.leftovers()
        onProgress?.(`${done + 1} operations`)
      }
    }
    await it.leftovers()
  } finally {
    it.close()
    admin.close()
    await server.stop()
  }
  return { wrong: it.wrong, seen: it.seen }
}
