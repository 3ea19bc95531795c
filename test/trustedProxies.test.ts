/**
 * Whose address counts: the client's behind proxies that are trusted, and nobody's who only says so.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { runWeir, whereIs } from "./harness/WeirCommand.ts"
import { start, type WeirProcess } from "./harness/WeirProcess.ts"

const burst = 3

const knockAt = async (http: string, forwarded?: string): Promise<number> => {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded }
  // A `connect` that is none: the door is what is asked.
  const response = await fetch(`http://${http}/v1/sessions`, {
    method: "POST",
    body: "{}",
    headers
  })
  await response.text()
  return response.status
}

const startBehind = (trustedProxies: ReadonlyArray<string>) =>
  start({
    program: "standalone",
    config: { trustedProxies, limits: { handshakesPerAddress: { perSecond: 1, burst } } }
  })

/** How many of these were too many. */
const refusedOf = async (http: string, forwarded: ReadonlyArray<string>): Promise<number> => {
  const statuses: Array<number> = []
  for (const it of forwarded) statuses.push(await knockAt(http, it))
  return statuses.filter((status) => status === 429).length
}

const addresses = (from: string, count = 8): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `${from}${index}`)

describe("X-Forwarded-For of a proxy that is trusted", () => {
  let server: WeirProcess

  beforeAll(async () => {
    server = await startBehind(["127.0.0.0/8"])
  })
  afterAll(async () => {
    await server?.stop()
  })

  it("says whose limit counts", async () => {
    assert.strictEqual(await refusedOf(server.http!, addresses("198.51.100.")), 0)
    assert.isAbove(await refusedOf(server.http!, Array(8).fill("198.51.100.200")), 0)
  })

  it("cannot be lengthened by a client to be somebody else", async () => {
    const lies = addresses("198.51.100.1").map((it) => `${it}, 203.0.113.7`)
    assert.isAbove(await refusedOf(server.http!, lies), 0)
    assert.strictEqual(await refusedOf(server.http!, ["203.0.113.8"]), 0)
  })

  it("is what a ban goes by", async () => {
    const { code, err } = await runWeir(["ban", "address", "203.0.113.99"], whereIs(server))
    assert.strictEqual(code, 0, err)
    assert.strictEqual(await knockAt(server.http!, "203.0.113.99"), 403)
    assert.notStrictEqual(await knockAt(server.http!, "203.0.113.98"), 403)
  })
})

describe("X-Forwarded-For of somebody who only says so", () => {
  let server: WeirProcess

  beforeAll(async () => {
    server = await startBehind(["10.0.0.0/8"])
  })
  afterAll(async () => {
    await server?.stop()
  })

  it("changes nothing", async () => {
    assert.isAbove(await refusedOf(server.http!, addresses("198.51.100.")), 0)
  })
})
