/**
 * Conversation: what clients and a service say to a Weir that runs, and what each must hear:
 * the transcript of the protocol, over as many connectors and routers as there are.
 */
import { assert } from "@effect/vitest"
import { connectJson, openJson } from "../harness/JsonClient.ts"
import { PublishClient } from "../harness/PublishClient.ts"
import type { Frame, Payload, WireClient } from "../harness/WireClient.ts"

export interface Parties {
  /** Each connector's edge. */
  readonly edges: ReadonlyArray<string>
  /** Each router's publish API. */
  readonly apis: ReadonlyArray<string>
  readonly tokenFor: (user: string) => Promise<string>
  readonly apiKey: string
}

const channel = "chat:lobby"

const publications = async (client: WireClient, count: number): Promise<Array<Payload>> => {
  const payloads: Array<Payload> = []
  while (payloads.length < count) payloads.push((await client.take("publication")).payload)
  return payloads
}

const isAbout =
  (change: "joined" | "left", wanted: string) =>
  ({ payload, type }: Frame): boolean =>
    type === "presenceChange" && payload[change]?.some(({ user }: Payload) => user === wanted)

/** The last edge is another connector than the first one, if there are two. */
export const converse = async ({ apiKey, apis, edges, tokenFor }: Parties): Promise<void> => {
  const [here, there] = [edges[0]!, edges.at(-1)!]
  const open: Array<{ readonly close: () => void }> = []
  try {
    const ann = await openJson(here)
    open.push(ann)
    ann.send("connect", { token: await tokenFor("ann"), versions: ["1"] }, 1)
    const { payload: connected } = await ann.take("connected", 1)
    assert.deepInclude(connected, { version: "1", user: "ann", heartbeatMs: 25_000 })
    assert.isNotEmpty(connected.ticket)
    const { payload: subscribed } = await ann.subscribe(channel, { presence: true })
    assert.deepInclude(subscribed, { channel, recovered: false, next: 1, delivery: "all" })

    const bob = await connectJson(there, { token: await tokenFor("bob") })
    open.push(bob)
    await bob.subscribe(channel, { member: { data: { mood: "calm" } } })
    await ann.takeWhere("bob's coming", isAbout("joined", "bob"))
    const { payload: roster } = await ann.request("presence", { channel })
    assert.deepStrictEqual(
      roster.members.map(({ data, user }: Payload) => [user, data]),
      [["bob", { mood: "calm" }]]
    )

    const once = await bob.publish(channel, { text: "hi" }, { messageId: "m-1" })
    const twice = await bob.publish(channel, { text: "hi" }, { messageId: "m-1" })
    assert.strictEqual(once.payload.duplicate, false)
    assert.deepStrictEqual(twice.payload, { ...once.payload, duplicate: true })
    const [hi] = await publications(ann, 1)
    assert.deepInclude(hi, {
      channel,
      position: once.payload.position,
      messageId: "m-1",
      publisher: "bob",
      data: { text: "hi" }
    })

    for (const [index, address] of apis.entries()) {
      const service = new PublishClient(address, apiKey)
      open.push(service)
      const data = Buffer.from(JSON.stringify({ from: "a service" }))
      const { position } = await service.publish({ channel, data })
      assert.strictEqual(position.offset, index + 2)
    }
    const last = (await publications(ann, apis.length)).at(-1)
    assert.deepStrictEqual(last.data, { from: "a service" })

    ann.close()
    await ann.closed()
    await bob.publish(channel, { text: "while ann was away" })
    const back = await connectJson(there, { token: await tokenFor("ann") })
    open.push(back)
    const { payload: resumed } = await back.subscribe(channel, { since: last.position })
    assert.deepInclude(resumed, { recovered: true, next: last.position.offset + 1 })
    const [missed] = await publications(back, 1)
    assert.deepStrictEqual(missed.data, { text: "while ann was away" })
  } finally {
    for (const it of open) it.close()
  }
}
