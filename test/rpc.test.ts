/**
 * `rpc`: a client's request, answered by a backend over HTTP or gRPC.
 */
import type { ServerResponse } from "node:http"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { Weir } from "@weir/client/effect/Weir"
import type { WeirError } from "@weir/client/Failure"
import { jsonCodec as sdkJson } from "@weir/client/JsonCodec"
import { protobufCodec as sdkProto } from "@weir/client/ProtobufCodec"
import { WeirClient, type WeirClientOptions } from "@weir/client/WeirClient"
import { Effect } from "effect"
import { connectJson, jsonCodec } from "./harness/JsonClient.ts"
import { protoCodec } from "./harness/ProtoClient.ts"
import { type HttpBackend, startGrpcBackend, startHttpBackend } from "./harness/RpcBackend.ts"
import { startProxy, type TcpProxy } from "./harness/TcpProxy.ts"
import { auth, tokenFor } from "./harness/Tokens.ts"
import { metric, start, type WeirProcess } from "./harness/WeirProcess.ts"
import { type Payload, WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const limitBytes = 4_096

const json = (status: number, value: unknown, headers: Record<string, string> = {}) => {
  return (_: unknown, response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers })
    response.end(JSON.stringify(value))
  }
}

const content = (type: string, body: string | Buffer) => (_: unknown, response: ServerResponse) =>
  void response.writeHead(200, { "content-type": type }).end(body)

let server: WeirProcess
let backend: HttpBackend
let grpc: Awaited<ReturnType<typeof startGrpcBackend>>
let link: TcpProxy
const open: Array<WireClient | WeirClient> = []

beforeAll(async () => {
  backend = await startHttpBackend({
    "orders.echo": ({ body }, response) => response.end(body),
    "orders.json": json(200, { total: 3, lines: ["a\nb"] }),
    "orders.pretty": content("application/json", '{\n  "a": 1\n}'),
    "orders.text": content("text/plain; charset=utf-8", "höflich"),
    "orders.binary": content("image/png", Buffer.from([0, 255])),
    "orders.nothing": (_, response) => void response.writeHead(204).end(),
    "orders.invalid": json(422, { message: "amount: must be positive" }),
    "orders.missing": json(404, "no"),
    "orders.forbidden": json(403, { message: "not yours" }),
    "orders.large": json(413, {}),
    "orders.busy": json(429, {}, { "retry-after": "7" }),
    "orders.teapot": json(418, {}),
    "orders.moved": json(302, {}, { location: "/elsewhere" }),
    "orders.flood": content("text/plain", "x".repeat(limitBytes + 1)),
    "orders.garbage": content("application/json", "{"),
    "orders.once": () => {},
    "held.all": () => {},
    "slow.all": () => {},
    "broken.all": json(500, { message: "out of order" })
  })
  grpc = await startGrpcBackend()
  const http = { url: `${backend.url}/rpc`, authorization: "s3cret" }
  server = await start({
    program: "standalone",
    config: {
      auth,
      limits: { exempt: ["127.0.0.0/8"], publicationBytes: limitBytes },
      namespaces: { chat: {} },
      rpc: [
        { methods: "orders.*", ...http },
        { methods: "held.*", ...http, timeoutMs: 30_000 },
        { methods: "slow.*", ...http, timeoutMs: 200 },
        { methods: "broken.*", ...http },
        { methods: "dead.*", url: "http://127.0.0.1:1/" },
        {
          methods: "grpc.*",
          url: `grpc://${grpc.address}`,
          authorization: "s3cret",
          timeoutMs: 500
        }
      ]
    }
  })
  link = await startProxy(server.http!)
})
afterAll(async () => {
  await Promise.all(open.map((client) => client.close()))
  await link?.close()
  await server?.stop()
  backend?.close()
  await grpc?.close()
})

const connect = async (user: string) => {
  const client = await connectJson(server.http!, { token: await tokenFor(user) })
  open.push(client)
  return client
}

const ask = async (client: WireClient, method: string, data: unknown = null) => {
  const { payload, type } = await client.request("rpc", { method, data })
  return type === "error" ? payload : { ...payload, type }
}

const callsOf = (handler: string, result: string) =>
  metric(server.ops, `weir_connector_rpc_calls_total{handler="${handler}",result="${result}"}`)

describe("a call", () => {
  it.each([
    ["JSON", jsonCodec],
    ["protobuf", protoCodec]
  ] as const)(
    "reaches its backend as it is, and its answer the client, in %s",
    async (_, codec) => {
      const token = await tokenFor("ann@example.org, née")
      const client = await WireClient.connect(server.http!, codec, { token })
      open.push(client)

      const data = codec.jsonData({ id: 7 })
      const { payload } = await client.request("rpc", { method: "orders.echo", data })

      assert.deepStrictEqual(codec.jsonValue(payload), { id: 7 })
      const { body, headers } = backend.asked("orders.echo").at(-1)!
      assert.strictEqual(body.toString(), '{"id":7}')
      assert.strictEqual(headers["content-type"], "application/json")
      assert.strictEqual(headers.authorization, "Bearer s3cret")
      const user = decodeURIComponent(String(headers["x-weir-user"]))
      assert.strictEqual(user, "ann@example.org, née")
      assert.match(String(headers["x-weir-member"]), /^[\w-]+$/)
      assert.match(String(headers["x-weir-request-id"]), /^[\w-]{36}$/)
    }
  )

  it("brings JSON, text, binary data and nothing", async () => {
    const client = await connect("ann")

    const answers = ["json", "pretty", "text", "binary", "nothing"].map((it) =>
      ask(client, `orders.${it}`)
    )
    const type = "rpcResult"
    assert.deepStrictEqual(await Promise.all(answers), [
      { type, data: { total: 3, lines: ["a\nb"] } },
      { type, data: { a: 1 } },
      { type, data: "höflich", encoding: "text" },
      { type, data: "AP8=", encoding: "base64", contentType: "image/png" },
      { type, data: null }
    ])
    for (const message of client.messages) assert.notInclude(String(message), "\n")
  })

  it.each([
    ["orders.invalid", "bad_request", "amount: must be positive", 0],
    ["orders.missing", "bad_request", "the backend answered 404", 0],
    ["orders.forbidden", "permission_denied", "not yours", 0],
    ["orders.large", "payload_too_large", "the backend answered 413", 0],
    ["orders.busy", "too_many_requests", "the backend answered 429", 7_000],
    ["orders.teapot", "unavailable", "the backend answered 418", 1_000],
    ["orders.moved", "unavailable", "the backend answered 302", 1_000],
    ["orders.flood", "payload_too_large", `answer: more than ${limitBytes} bytes`, 0],
    ["orders.garbage", "unavailable", "the backend's answer: data: not valid JSON", 0],
    ["slow.all", "timeout", "no answer in 200 ms", 0],
    ["dead.all", "unavailable", "the backend cannot be reached", 1_000],
    [
      "users.list",
      "unknown_type",
      "method: nobody answers users.list: name a handler under rpc in weir.json",
      0
    ],
    ["orders\r\nx: y", "bad_request", "method: must be 1 to 128 letters, digits, _ . : / and -", 0]
  ])("of %j fails with %s: %s", async (method, code, message, retryAfterMs) => {
    const client = await connect("ann")

    assert.deepStrictEqual(await ask(client, method), { code, message, retryAfterMs })
    assert.isAtMost(backend.asked(method).length, 1)
  })

  it("is not made where the backend has failed five times in a row, and others are", async () => {
    const client = await connect("ann")
    for (let n = 0; n < 5; n++) {
      assert.strictEqual((await ask(client, "broken.all")).message, "out of order")
    }

    const refused = await ask(client, "broken.all")
    assert.strictEqual(refused.code, "unavailable")
    assert.match(refused.message, /^the backend of broken\.\* has failed repeatedly$/)
    assert.isAbove(refused.retryAfterMs, 0)
    assert.lengthOf(backend.asked("broken.all"), 5)
    assert.strictEqual((await ask(client, "orders.json")).type, "rpcResult")
    assert.strictEqual(await callsOf("broken.*", "unavailable"), 6)
  })

  it("ends with its connection, and beyond 64 unanswered ones is refused", async () => {
    const [client, other] = [await connect("ann"), await connect("bob")]
    for (let n = 0; n < 64; n++) client.send("rpc", { method: "held.all", data: n })
    await waitUntil("all are at the backend", () => backend.asked("held.all").length === 64)

    const refused = await ask(other, "held.all")
    assert.deepStrictEqual([refused.code, refused.retryAfterMs], ["too_many_requests", 100])
    client.close()

    await waitUntil("the backend is told", () => backend.abandoned() >= 64)
    const interrupted = () => callsOf("held.*", "interrupted")
    await waitUntil("they are counted", async () => (await interrupted()) === 64)
    other.send("rpc", { method: "held.all", data: null })
    await waitUntil("there is room again", () => backend.asked("held.all").length === 65)
  })
})

describe("a call over gRPC", () => {
  it("reaches its backend as it is, and its answer the client", async () => {
    const client = await connect("née")

    const { data } = await ask(client, "grpc.echo", { id: 7 })

    const { member, requestId, ...rest } = data
    assert.deepStrictEqual(rest, {
      method: "grpc.echo",
      contentType: "",
      data: '{"id":7}',
      user: "née",
      authorization: "Bearer s3cret"
    })
    assert.isString(member)
    assert.isString(requestId)
  })

  it.each([
    ["grpc.refuse", "bad_request", "amount: must be positive"],
    ["grpc.never", "timeout", "no answer came in time"]
  ])("of %s fails with %s", async (method, code, message) => {
    const { code: given, message: words }: Payload = await ask(await connect("ann"), method)
    assert.deepStrictEqual([given, words], [code, message])
  })
})

describe.each([
  ["JSON", sdkJson],
  ["protobuf", sdkProto]
])("WeirClient in %s", (_, codec) => {
  const sdk = async (options: Partial<WeirClientOptions> = {}) => {
    const client = new WeirClient({
      url: `ws://${link.address}/v1/ws`,
      token: () => tokenFor("ann"),
      backoff: { minMs: 20, maxMs: 200 },
      codec,
      ...options
    })
    open.push(client)
    client.connect()
    return client
  }
  const codeOf = (promise: Promise<unknown>) =>
    promise.then(
      () => "answered",
      (error: WeirError) => error.code
    )

  it("calls, before it is connected, too, and gets what the backend says", async () => {
    const client = await sdk()

    assert.deepStrictEqual(await client.rpc("orders.echo", { id: 7 }), { id: 7 })
    assert.isTrue(client.features.has("rpc"))
    assert.strictEqual(await client.rpc("orders.text"), "höflich")
    assert.deepStrictEqual(await client.rpc("orders.binary"), new Uint8Array([0, 255]))
    assert.isNull(await client.rpc("orders.nothing"))
  })

  it("is refused by the backend as by the server, and may give a call up", async () => {
    const client = await sdk()

    assert.strictEqual(await codeOf(client.rpc("orders.invalid")), "bad_request")
    assert.strictEqual(await codeOf(client.rpc("held.all", 1, { timeoutMs: 50 })), "timeout")
    const reason = new Error("enough")
    const given = client.rpc("held.all", 1, { signal: AbortSignal.abort(reason) })
    assert.strictEqual(await given.catch((error) => error), reason)
  })

  it("sends no call a second time: cut off from its answer, it fails", async () => {
    const client = await sdk()
    await client.ready()
    const before = backend.asked("orders.once").length
    const called = codeOf(client.rpc("orders.once"))
    await waitUntil("it is there", () => backend.asked("orders.once").length === before + 1)
    link.cut()

    assert.strictEqual(await called, "timeout")
    assert.deepStrictEqual(await client.rpc("orders.json"), { total: 3, lines: ["a\nb"] })
    assert.lengthOf(backend.asked("orders.once"), before + 1)
  })
})

describe("Weir of Effect", () => {
  it.live("calls, is refused in its types, and gives up what is interrupted", () =>
    Effect.gen(function* () {
      const weir = yield* Weir
      assert.deepStrictEqual(yield* weir.rpc("orders.echo", { id: 7 }), { id: 7 })
      const refused = yield* Effect.flip(weir.rpc("orders.forbidden"))
      assert.deepStrictEqual(
        [refused._tag, refused.code, refused.message],
        ["WeirFailure", "permission_denied", "not yours"]
      )
      const given = yield* Effect.timeoutOption(weir.rpc("held.all"), "50 millis")
      assert.strictEqual(given._tag, "None")
      assert.isAbove(yield* weir.ping, 0)
    }).pipe(
      Effect.provide(
        Weir.layer({ url: `ws://${server.http}/v1/ws`, token: () => tokenFor("ann") })
      ),
      Effect.scoped
    )
  )
})
