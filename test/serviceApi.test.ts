/**
 * The publish API means the same over gRPC and over HTTP.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { apiKey } from "./harness/apiKey.ts"
import { connectJson } from "./harness/JsonClient.ts"
import { type Answer, openGrpc, openHttp, type ServiceDoor } from "./harness/ServiceDoor.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const second = apiKey("second", { "chat:*": ["publish"] })
const reader = apiKey("reader", { "chat:*": ["history", "presence"] })
const guest = apiKey("guest", {})

const json = (value: unknown) => Buffer.from(JSON.stringify(value))
const offsetOf = ({ value }: Answer): number | undefined => value?.position.offset

describe.each([
  ["gRPC", openGrpc],
  ["HTTP", openHttp]
] as const)("the publish API over %s", (name, open) => {
  let server: WeirProcess
  let api: ServiceDoor
  const clients: Array<{ readonly close: () => void }> = []
  let count = 0
  const newChannel = () => `chat:${name.toLowerCase()}-${++count}`

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: {
        limits: { exempt: ["127.0.0.0/8"], publicationBytes: 10_000 },
        apiKeys: [second, reader, guest].map(({ settings }) => settings),
        namespaces: {
          chat: { presence: true, clientPublish: true },
          news: { presence: true },
          quiet: {}
        }
      }
    })
    api = await open(server)
  })
  afterAll(async () => {
    for (const it of clients) it.close()
    api?.close()
    await server?.stop()
  })

  const subscriber = async (channel: string, user = "ann", subscribe: object = {}) => {
    const token = await developmentToken(server.http!, user)
    const client = await connectJson(server.http!, {
      token,
      subscriptions: [{ channel, ...subscribe }]
    })
    clients.push(client)
    return client
  }

  it("delivers to a WebSocket client what a service publishes", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)

    const { value } = await api.publish({ channel, data: json({ text: "hi" }), messageId: "m-1" })

    const { payload } = await client.take("publication")
    assert.deepStrictEqual(payload.position, value.position)
    assert.strictEqual(payload.position.offset, 1)
    assert.deepStrictEqual([payload.messageId, payload.publisher], ["m-1", "dev-key"])
    assert.deepStrictEqual(payload.data, { text: "hi" })
    assert.isFalse(value.duplicate)
  })

  it("delivers and keeps each kind of content as what it is, digits and all", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)
    const contents = [
      ["", Buffer.from("[12345678901234567890,1.0]")],
      ["text/plain", Buffer.from("täxt\n")],
      ["image/x-dot", Buffer.from([0, 255, 10])]
    ] as const

    for (const [contentType, data] of contents) await api.publish({ channel, data, contentType })

    for (let sent = 0; sent < contents.length; sent++) await client.take("publication")
    assert.include(String(client.messages.at(-3)), `"data":[12345678901234567890,1`)
    const { payload: text } = { payload: JSON.parse(String(client.messages.at(-2))).payload }
    assert.deepStrictEqual([text.data, text.encoding], ["täxt\n", "text"])
    const { value } = await api.history({ channel })
    assert.deepStrictEqual(
      value.publications
        .slice(1)
        .map(({ contentType, data }: Payload) => [contentType, Buffer.from(data)]),
      contents.slice(1)
    )
  })

  it("accepts a message id once, and answers the repetition with the first position", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)

    const first = await api.publish({ channel, data: json(1), messageId: "once" })
    const again = await api.publish({ channel, data: json(1), messageId: "once" })
    await api.publish({ channel, data: json("last") })

    assert.isTrue(again.value.duplicate)
    assert.deepStrictEqual(again.value.position, first.value.position)
    await client.takeWhere("the last", ({ payload }) => payload?.data === "last")
    assert.deepStrictEqual(client.takeValues(channel), [1])
  })

  it("takes the same id from another publisher for another message", async () => {
    const channel = newChannel()
    const client = await subscriber(channel)

    const answers = [
      (await api.publish({ channel, data: json("key"), messageId: "same" })).value,
      (await api.publish({ channel, data: json("other"), messageId: "same" }, second.key)).value,
      (await client.publish(channel, "client", { messageId: "same" })).payload
    ]

    assert.deepStrictEqual(
      answers.map(({ duplicate, position }) => [position.offset, duplicate]),
      [
        [1, false],
        [2, false],
        [3, false]
      ]
    )
  })

  it("answers a batch in its order, each publication for itself", async () => {
    const [one, other] = [newChannel(), newChannel()]

    const { value } = await api.publishBatch([
      { channel: one, data: json(1) },
      { channel: other, data: json(1) },
      { channel: "nowhere:at-all", data: json(1) },
      { channel: one, data: json(2) }
    ])

    assert.deepStrictEqual(value.map(offsetOf), [1, 1, undefined, 2])
    assert.strictEqual(value[2].code, "unknown_namespace")
  })

  it("keeps the order of one channel in a batch of 256, and takes no more", async () => {
    const channel = newChannel()
    const publications = Array.from({ length: 256 }, (_, i) => ({ channel, data: json(i + 1) }))

    const { value } = await api.publishBatch(publications)
    const refused = await api.publishBatch([...publications, publications[0]!])

    assert.deepStrictEqual(
      value.map(offsetOf),
      publications.map((_, i) => i + 1)
    )
    assert.strictEqual(refused.code, "bad_request")
    assert.include(refused.message, "256")
  })

  it("pages through a channel's history, both ways", async () => {
    const channel = newChannel()
    await api.publishBatch([1, 2, 3, 4, 5].map((value) => ({ channel, data: json(value) })))
    const pages = async (reverse: boolean) => {
      const seen: Array<ReadonlyArray<number>> = []
      let after = 0
      do {
        const { value } = await api.history({ channel, after, limit: 2, reverse })
        assert.strictEqual(value.position.offset, 5)
        seen.push(value.publications.map(({ data }: Payload) => Number(data.toString())))
        after = value.next
      } while (after !== 0 && seen.length < 9)
      return seen
    }

    assert.deepStrictEqual(await pages(false), [[1, 2], [3, 4], [5]])
    assert.deepStrictEqual(await pages(true), [[5, 4], [3, 2], [1]])
  })

  it("says in history who published what, and when", async () => {
    const channel = newChannel()
    const { value } = await api.publish({ channel, data: json(1), messageId: "m-1" }, second.key)

    const [entry] = (await api.history({ channel })).value.publications

    assert.deepStrictEqual(entry.position, value.position)
    assert.deepStrictEqual([entry.publisher, entry.messageId], ["second", "m-1"])
    assert.approximately(entry.publishedAt, Date.now(), 60_000)
  })

  it("shows in the roster who announced itself over a WebSocket", async () => {
    const channel = newChannel()
    await subscriber(channel, "bob", { member: { data: { mood: "calm" } } })

    const roster = await waitUntil("bob is in the roster", async () => {
      const { value } = await api.presence({ channel })
      return value.memberCount > 0 && value
    })
    const { value: counts } = await api.presence({ channel, counts: true })

    const [member] = roster.members
    assert.strictEqual(member.user, "bob")
    assert.deepStrictEqual(JSON.parse(member.data.toString()), { mood: "calm" })
    assert.deepStrictEqual([roster.memberCount, roster.userCount, roster.next], [1, 1, ""])
    assert.deepStrictEqual([counts.members, counts.memberCount], [[], 1])
  })

  it.each([
    ["no key", ""],
    ["an unknown key", "not-a-key"],
    ["the digest of a key", second.settings.sha256],
    ["the id of a key", "second"]
  ])("refuses %s, whatever is asked, and before it looks at that", async (_, key) => {
    const publication = { channel: "nowhere:x", data: Buffer.from("{") }

    const answers = [
      await api.publish(publication, key),
      await api.publishBatch([publication], key),
      await api.history({ channel: "x" }, key),
      await api.presence({ channel: "x" }, key)
    ]

    assert.deepStrictEqual(
      answers.map(({ code }) => code),
      Array(4).fill("unauthenticated")
    )
  })

  it.each([
    ["a key without the verb", reader, "chat"],
    ["a key for another namespace", second, "news"],
    ["a key without capabilities", guest, "chat"]
  ])("lets nothing be published with %s", async (_, { key }, namespace) => {
    const channel = `${namespace}:closed-${++count}`
    const publication = { channel, data: json(1) }

    const alone = await api.publish(publication, key)
    const { value } = await api.publishBatch([publication, publication], key)

    assert.strictEqual(alone.code, "permission_denied")
    assert.deepStrictEqual(
      value.map(({ code }: Answer) => code),
      ["permission_denied", "permission_denied"]
    )
    assert.strictEqual((await api.history({ channel })).value.position.offset, 0)
  })

  it("lets history and rosters be read only with a key that says so", async () => {
    for (const ask of [api.history, api.presence]) {
      assert.isUndefined((await ask({ channel: "chat:room" }, reader.key)).code)
      for (const [key, channel] of [
        [reader.key, "news:room"],
        [second.key, "chat:room"],
        [guest.key, "chat:room"]
      ] as const) {
        assert.strictEqual((await ask({ channel }, key)).code, "permission_denied")
      }
    }
  })

  it("shows no roster of a namespace that keeps none", async () => {
    assert.strictEqual((await api.presence({ channel: "quiet:room" })).code, "permission_denied")
  })

  it.each([
    ["no channel", { channel: "", data: json(1) }, "invalid_channel"],
    ["a channel without a namespace", { channel: "x", data: json(1) }, "invalid_channel"],
    [
      "a channel of 256 bytes",
      { channel: `chat:${"x".repeat(251)}`, data: json(1) },
      "invalid_channel"
    ],
    ["an unknown namespace", { channel: "nowhere:x", data: json(1) }, "unknown_namespace"],
    ["bad JSON", { channel: "chat:bad", data: Buffer.from("{") }, "bad_request"],
    [
      "a content type with a line break",
      { channel: "chat:bad", data: Buffer.from([1]), contentType: "a/b\nc" },
      "bad_request"
    ],
    [
      "a message id of 65 bytes",
      { channel: "chat:bad", data: json(1), messageId: "x".repeat(65) },
      "bad_request"
    ],
    [
      "more data than the limit",
      { channel: "chat:bad", data: json("x".repeat(10_001)) },
      "payload_too_large"
    ]
  ])("refuses %s, and says why", async (_, publication, code) => {
    const answer = await api.publish(publication)

    assert.strictEqual(answer.code, code)
    assert.notStrictEqual(answer.message, "")
    assert.notMatch(answer.message!, /\n|\bat .+:\d+|node_modules/)
  })

  it.each([
    ["a channel that is none", { channel: "" }, "invalid_channel"],
    ["an unknown namespace", { channel: "nowhere:x" }, "unknown_namespace"],
    ["a page that is too large", { channel: "chat:x", limit: 1_001 }, "bad_request"]
  ])("refuses a question with %s", async (_, query, code) => {
    assert.strictEqual((await api.history(query)).code, code)
    assert.strictEqual((await api.presence(query)).code, code)
  })
})
