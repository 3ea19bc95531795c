/**
 * Conversation: what clients and a real server say to each other, written down as
 * `docs/protocol.md` shows it.
 */
import { openJson } from "../harness/JsonClient.ts"
import { openProto } from "../harness/ProtoClient.ts"
import { auth, tokenFor } from "../harness/Tokens.ts"
import { start } from "../harness/WeirProcess.ts"
import type { Frame, Payload, WireClient } from "../harness/WireClient.ts"
import { type Encoding, frameLines } from "./FrameText.ts"

const verbs = ["subscribe", "publish", "history", "presence", "signal"]

const config = {
  auth,
  namespaces: {
    chat: { presence: true, clientPublish: true },
    small: { historySize: 3, clientPublish: true },
    news: {}
  }
}

const openers = { json: openJson, proto: openProto }

/** A client that writes down what it says and hears. */
class Speaker {
  readonly #name: string
  readonly #lines: Array<string>
  readonly #client: WireClient
  readonly #lineOf: (frame: object) => string

  constructor(
    name: string,
    client: WireClient,
    lines: Array<string>,
    lineOf: (frame: object) => string
  ) {
    this.#name = name
    this.#client = client
    this.#lines = lines
    this.#lineOf = lineOf
  }

  data(value: unknown): unknown {
    return this.#client.codec.jsonData(value)
  }

  says(type: string, payload: object, id?: number): void {
    const frame = { type, ...(id === undefined ? {} : { id }), payload }
    this.#lines.push(`${this.#name} → ${this.#lineOf(frame)}`)
    this.#client.sendAll([frame])
  }

  /** The next frame of the type; in the order in which a test asks for them. */
  async hears(type: string): Promise<Payload> {
    const frame: Frame = await this.#client.take(type)
    this.#lines.push(`${this.#name} ← ${this.#lineOf(frame)}`)
    return frame.payload
  }

  close(): void {
    this.#client.close()
  }
}

/** The whole of it in one encoding, a line for each frame, and empty ones between its parts. */
export const converse = async (encoding: Encoding): Promise<string> => {
  const server = await start({ program: "standalone", config })
  const lines: Array<string> = []
  const lineOf = frameLines(encoding)
  const speakers: Array<Speaker> = []
  const open = async (name: string) => {
    const client = await openers[encoding](server.http!)
    const speaker = new Speaker(name, client, lines, lineOf)
    speakers.push(speaker)
    return speaker
  }
  const part = (title: string) => void lines.push("", `# ${title}`)
  const token = (user: string) => tokenFor(user, { "*": verbs })
  try {
    const ann = await open("ann")
    const channel = "chat:lobby"
    part("who is there")
    ann.says("connect", { token: await token("ann"), versions: ["1"] }, 1)
    const { ticket } = await ann.hears("connected")

    part("subscribe, and publish")
    const member = { data: ann.data({ colour: "teal" }) }
    ann.says("subscribe", { channel, member, presence: true }, 2)
    await ann.hears("subscribed")
    await ann.hears("presenceChange")
    ann.says("publish", { channel, data: ann.data({ text: "hi" }), messageId: "m-1" }, 3)
    await ann.hears("published")
    const { position } = await ann.hears("publication")

    part("sent again, it is not published again")
    ann.says("publish", { channel, data: ann.data({ text: "hi" }), messageId: "m-1" }, 4)
    await ann.hears("published")

    part("another client, with its subscription in `connect`, from the last publication on")
    const bob = await open("bob")
    const subscriptions = [{ channel, rewind: { last: 1 }, member: { data: bob.data({}) } }]
    bob.says("connect", { token: await token("bob"), versions: ["1"], subscriptions }, 1)
    await bob.hears("connected")
    await bob.hears("publication")
    await ann.hears("presenceChange")

    part("something in passing: no answer, and nothing is kept")
    ann.says("signal", { channel, data: ann.data({ typing: true }) })
    await bob.hears("signal")

    part("questions")
    bob.says("history", { channel, limit: 10 }, 2)
    await bob.hears("history")
    bob.says("presence", { channel, counts: true }, 3)
    await bob.hears("presence")

    part("a refusal")
    bob.says("publish", { channel: "news:today", data: bob.data(1) }, 4)
    await bob.hears("error")

    part("cut off while something is published, and back with the ticket")
    ann.close()
    bob.says("publish", { channel, data: bob.data({ text: "are you there?" }) }, 5)
    await bob.hears("published")
    await bob.hears("publication")
    const back = await open("ann")
    const since = { channel, since: position }
    back.says("connect", { ticket, versions: ["1"], subscriptions: [since] }, 1)
    await back.hears("connected")
    await back.hears("publication")

    part("away for too long: what is still there comes, from `next`")
    const small = "small:room"
    bob.says("subscribe", { channel: small }, 6)
    const { position: begin } = await bob.hears("subscribed")
    bob.says("unsubscribe", { channel: small }, 7)
    await bob.hears("unsubscribed")
    for (let n = 1; n <= 5; n++) {
      bob.says("publish", { channel: small, data: bob.data(n) }, 7 + n)
      await bob.hears("published")
    }
    bob.says("subscribe", { channel: small, since: begin }, 13)
    await bob.hears("subscribed")
    for (let n = 3; n <= 5; n++) await bob.hears("publication")

    part("are you there?")
    bob.says("ping", {}, 14)
    await bob.hears("pong")
    return lines.join("\n").trim()
  } finally {
    for (const speaker of speakers) speaker.close()
    await server.stop()
  }
}
