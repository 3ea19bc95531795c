/**
 * How many connections a user may have is counted over all connectors, and of an address on each.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { openJson } from "./harness/JsonClient.ts"
import { type Mesh, startMesh } from "./harness/Mesh.ts"
import { auth, tokenFor } from "./harness/Tokens.ts"
import type { WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

interface Held {
  readonly client: WireClient
  readonly ticket: string
}

const limit = 10

describe("a user's connections", () => {
  let mesh: Mesh
  let connectors: ReadonlyArray<string>
  const open: Array<WireClient> = []

  beforeAll(async () => {
    mesh = await startMesh(
      { auth: 1, presence: 2, router: 1, connector: 3 },
      {
        auth,
        limits: {
          connectionsPerUser: limit,
          handshakesPerAddress: { perSecond: 1_000, burst: 1_000 }
        }
      }
    )
    connectors = mesh.all("connector").map(({ http }) => http!)
  })
  afterAll(async () => {
    for (const it of open) it.close()
    await mesh?.stop()
  })

  /** What came of it: a connection, or the code that it was closed with. */
  const connect = async (at: number, credential: object): Promise<Held | number> => {
    const client = await openJson(connectors[at % connectors.length]!)
    open.push(client)
    client.send("connect", { versions: ["1"], ...credential })
    const answer = await Promise.race([
      client.take("connected").then(({ payload }) => payload.ticket as string),
      client.closed().then(({ code }) => code)
    ]).catch(() => client.closed().then(({ code }) => code))
    return typeof answer === "number" ? answer : { client, ticket: answer }
  }

  const isHeld = (it: Held | number): it is Held => typeof it !== "number"

  /** So many at once, over all connectors in turn. */
  const crowd = async (user: string, count: number) => {
    const token = await tokenFor(user)
    return Promise.all(Array.from({ length: count }, (_, at) => connect(at, { token })))
  }

  it("are never more than the limit, whichever connectors it picks, all at once", async () => {
    const all = await crowd("ann", 24)
    assert.lengthOf(all.filter(isHeld), limit)
    assert.deepStrictEqual(
      all.filter((it) => !isHeld(it)),
      Array.from({ length: 24 - limit }, () => 3504)
    )
    // It is hers alone.
    assert.isTrue(isHeld(await connect(0, { token: await tokenFor("bob") })))
  })

  it("have a place for another when one has ended", async () => {
    const token = await tokenFor("cleo")
    const held = (await crowd("cleo", limit)).filter(isHeld)
    assert.lengthOf(held, limit)
    assert.strictEqual(await connect(0, { token }), 3504)

    held[4]!.client.close()

    await waitUntil("its place is free", async () => isHeld(await connect(1, { token })))
    assert.strictEqual(await connect(2, { token }), 3504)
  })

  it("keep their place when they come back, on whichever connector", async () => {
    const held = (await crowd("dan", limit)).filter(isHeld)
    for (const [at, { ticket }] of held.slice(0, 4).entries()) {
      assert.isTrue(isHeld(await connect(at + 1, { ticket })))
    }
    assert.strictEqual(await connect(0, { token: await tokenFor("dan") }), 3504)
  })

  it("are counted anew where presence has lost all of it: what is too many then ends", async () => {
    const held = (await crowd("eve", limit)).filter(isHeld)
    assert.lengthOf(held, limit)
    const restarts = ["presence-1", "presence-2"].map((name) => mesh.restart(name, "SIGKILL"))
    // Nobody can tell for a while: then each connector counts its own.
    const more = await crowd("eve", 6)
    await Promise.all(restarts)

    const all = [...held, ...more.filter(isHeld)]
    const openNow = () => all.filter(({ client }) => client.isOpen)
    await waitUntil("no more are open than may be", () => openNow().length <= limit)
    const token = await tokenFor("eve")
    for (let at = 0; at < 6; at++) assert.strictEqual(await connect(at, { token }), 3504)
    assert.lengthOf(openNow(), limit)
  })

  it("of nobody in particular are not counted", async () => {
    const all = await crowd("", limit + 5)
    assert.lengthOf(all.filter(isHeld), limit + 5)
  })
})

describe("an address's connections", () => {
  let mesh: Mesh
  const open: Array<WireClient> = []

  beforeAll(async () => {
    mesh = await startMesh(
      { auth: 1, presence: 1, router: 1, connector: 1 },
      {
        limits: {
          connectionsPerAddress: 5,
          handshakesPerAddress: { perSecond: 1_000, burst: 1_000 }
        }
      }
    )
  })
  afterAll(async () => {
    for (const it of open) it.close()
    await mesh?.stop()
  })

  it("are refused at the door beyond the limit, and taken again when one has ended", async () => {
    const http = mesh.all("connector")[0]!.http!
    const knock = async () => {
      const client = await openJson(http)
      open.push(client)
      return client
    }
    for (let count = 0; count < 5; count++) await knock()
    const refused = await fetch(`http://${http}/v1/sessions`, { method: "POST", body: "{}" })
    assert.strictEqual(refused.status, 429)
    assert.strictEqual(refused.headers.get("retry-after"), "10")
    assert.deepInclude(await refused.json(), {
      code: "too_many_requests",
      message: "connections: 5 from one address"
    })
    assert.match(await knock().then(() => "", String), /handshake was refused/)

    open[0]!.close()
    await waitUntil("there is a place", () =>
      knock().then(
        () => true,
        () => false
      )
    )
  })
})
