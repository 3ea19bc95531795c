/**
 * What is HTTP's own in the publish API: statuses, headers, bodies that are none, and the
 * pages that tell of it.
 */
import { afterAll, afterEach, assert, beforeAll, describe, it } from "@effect/vitest"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"
import type { Payload } from "./harness/WireClient.ts"
import { complaints, startWitness, type Witness } from "./harness/Witness.ts"

const key = { authorization: "Bearer dev-key" }

describe("the publish API over HTTP", () => {
  let server: WeirProcess
  let witness: Witness

  beforeAll(async () => {
    server = await start({
      program: "standalone",
      config: { limits: { exempt: ["127.0.0.0/8"], publicationBytes: 10_000 } }
    })
    witness = await startWitness(server)
  })
  afterEach(() => witness.seesLife())
  afterAll(async () => {
    const found = await complaints(server)
    await server.stop()
    assert.deepStrictEqual(found, [])
  })

  const ask = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`http://${server.http}${path}`, init)
    return { response, body: (await response.json()) as Payload }
  }
  const post = (body: string | Uint8Array<ArrayBuffer>, path = "/v1/publish") =>
    ask(path, { method: "POST", headers: key, body })

  it("takes what curl sends, which names no JSON", async () => {
    const { body, response } = await ask("/v1/publish", {
      method: "POST",
      headers: { ...key, "content-type": "application/x-www-form-urlencoded" },
      body: `{"channel":"chat:curl","data":{"text":"hi"}}`
    })

    assert.strictEqual(response.status, 200)
    assert.match(response.headers.get("content-type")!, /^application\/json/)
    assert.strictEqual(body.position.offset, 1)
    assert.isFalse(body.duplicate)
  })

  it.each([
    ["a body that is no JSON", "{", 400, /^body: /],
    ["no body", "", 400, /^body: /],
    ["a body that is no object", "[]", 400, /./],
    ["no channel", `{"data":1}`, 400, /^channel: /],
    ["no data", `{"channel":"chat:x"}`, 400, /^data: /],
    ["a channel of the wrong type", `{"channel":7,"data":1}`, 400, /^channel: /],
    ["an unknown encoding", `{"channel":"chat:x","data":"","encoding":"x"}`, 400, /^encoding: /],
    ["bad base64", `{"channel":"chat:x","data":"?","encoding":"base64"}`, 400, /base64/],
    ["an unknown namespace", `{"channel":"nowhere:x","data":1}`, 404, /nowhere/],
    ["too much data", `{"channel":"chat:x","data":"${"x".repeat(10_000)}"}`, 413, /10000/],
    ["a body over 4 MiB", " ".repeat(4 * 1024 * 1024 + 1), 413, /^body: /],
    [
      "data that is nested 100,000 deep",
      `{"channel":"chat:x","data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
      413,
      /limit 10000/
    ],
    [
      "a number of many digits that is nested as deep",
      `{"channel":"chat:x","data":${"[".repeat(100_000)}12345678901234567890${"]".repeat(100_000)}}`,
      400,
      /^body: /
    ],
    ["bytes that are no UTF-8", new Uint8Array([0x22, 0xff, 0x22]), 400, /UTF-8/]
  ])("answers %s with its status, and names what is wrong", async (_, sent, status, message) => {
    const { body, response } = await post(sent)

    assert.strictEqual(response.status, status)
    assert.deepStrictEqual(Object.keys(body), ["code", "message", "retryAfterMs"])
    assert.match(body.message, message)
    assert.notMatch(body.message, /\n|\bat .+:\d+|node_modules/)
  })

  it("ends what sends more than it said it would, or never ends", async () => {
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024).fill(0x20))
    })
    const sent = fetch(`http://${server.http}/v1/publish`, {
      method: "POST",
      headers: key,
      body: endless,
      duplex: "half"
    } as RequestInit)

    const ended = await sent.then(
      ({ status }) => status,
      () => "cut off"
    )
    assert.include([413, "cut off"], ended)
  })

  it("asks for a key where there is none", async () => {
    const { body, response } = await ask("/v1/history?channel=chat:x")

    assert.strictEqual(response.status, 401)
    assert.strictEqual(response.headers.get("www-authenticate"), "Bearer")
    assert.strictEqual(body.code, "unauthenticated")
  })

  it.each([
    ["/v1/history", 400],
    ["/v1/history?channel=chat:x&limit=many", 400],
    ["/v1/history?channel=chat:x&after=-1", 400],
    ["/v1/history?channel=chat:x&reverse=maybe", 400],
    ["/v1/presence?channel=chat:x&limit=1.5", 400]
  ])("refuses %s in its own words", async (path, status) => {
    const { body, response } = await ask(path, { headers: key })

    assert.strictEqual(response.status, status)
    assert.strictEqual(body.code, "bad_request")
  })

  it("tells of itself as OpenAPI, and as a page that needs nothing from elsewhere", async () => {
    const { body } = await ask("/v1/openapi.json")
    const page = await fetch(`http://${server.http}/v1/docs`)
    const html = await page.text()

    assert.match(body.openapi, /^3\./)
    assert.deepStrictEqual(Object.keys(body.paths).sort(), [
      "/v1/history",
      "/v1/presence",
      "/v1/publish",
      "/v1/publish/batch"
    ])
    const { post: publish } = body.paths["/v1/publish"]
    assert.includeMembers(Object.keys(publish.responses), ["200", "400", "401", "413", "503"])
    assert.isNotEmpty(publish.security)
    assert.match(html, /swagger/i)
    assert.notMatch(html, /<(?:script|link)[^>]+(?:src|href)=["']?https?:/)
  })
})

describe("without the development identity", () => {
  it("is not there, unless it is asked for", async () => {
    for (const [asked, status] of [
      [{}, 404],
      [{ WEIR_HTTP_API: "true" }, 401]
    ] as const) {
      const server = await start({
        program: "connector",
        config: { nodes: [{ name: "router-1", role: "router", mesh: "127.0.0.1:1" }] },
        env: { WEIR_NODE: "connector-1", ...asked }
      })
      const response = await fetch(`http://${server.http}/v1/history?channel=chat:x`)
      await server.stop()

      assert.strictEqual(response.status, status)
    }
  })
})
