import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Deployment, deploy } from "./faults/Deployment.ts"
import { PublishClient } from "./harness/PublishClient.ts"
import { join, type Position, RoomClient } from "./harness/RoomClient.ts"
import { developmentToken } from "./harness/WeirProcess.ts"
import { waitUntil } from "./harness/waitUntil.ts"

const logged = "chat:down"
const unlogged = "live:down"
const data = Buffer.from('"x"')

for (const [how, isKilled] of [
  ["is gone", true],
  ["hangs", false]
] as const) {
  describe(`while Redis ${how}`, () => {
    let weir: Deployment
    let http: string
    let token: string
    let publisher: PublishClient
    let since: Position
    const clients = new Map<string, RoomClient>()

    const publish = (channel: string) => publisher.publish({ channel, data })

    const whyNot = (channel: string): Promise<string> =>
      publish(channel).then(
        () => "accepted",
        (error) => String(error.metadata?.get("weir-failure")[0])
      )

    beforeAll(async () => {
      const counts = { router: 2, connector: 1, presence: 1, auth: 1 }
      const redis = { shape: "single", persistence: "always" } as const
      weir = await deploy({ counts, redis }, () => {})
      http = weir.addresses("connector")[0]!
      token = await developmentToken(http, "ann")
      publisher = new PublishClient(weir.addresses("router")[0]!)
      for (const channel of [logged, unlogged]) {
        clients.set(channel, (await join(http, token, { channel })).client)
        await publish(channel)
      }
      await waitUntil("both have one", () =>
        [...clients.values()].every(({ last }) => last !== undefined)
      )
      since = clients.get(logged)!.last!
      await weir.redis.server.kill(isKilled ? "SIGKILL" : "SIGSTOP")
    })

    afterAll(async () => {
      for (const client of clients.values()) client.close()
      publisher?.close()
      await weir?.close()
    })

    it("a publication that would be logged is refused as one to try again", async () => {
      assert.strictEqual(await whyNot(logged), "unavailable")
      assert.strictEqual(await whyNot(logged), "unavailable")
    })

    it("a channel without history goes on", async () => {
      const before = clients.get(unlogged)!.offsets.length
      for (let n = 0; n < 10; n++) await publish(unlogged)
      await waitUntil("they arrive", () => clients.get(unlogged)!.offsets.length === before + 10)
    })

    it("a client that comes back is told to try again, and never that something is lost", async () => {
      const client = new RoomClient(http)
      await client.connect(token)
      const { payload, type } = await client.ask("subscribe", { channel: logged, since })
      assert.deepStrictEqual([type, payload.code], ["error", "unavailable"])
      client.close()
    })

    it("connections stay, and every node stays ready", async () => {
      for (const { closed } of clients.values()) assert.isUndefined(closed)
      for (const name of [...weir.running("router"), ...weir.running("connector")]) {
        assert.strictEqual(await weir.readiness(name), 200, name)
      }
    })

    it("and after it nothing is lost, and who comes back recovers", async () => {
      if (isKilled) await weir.redis.server.restart()
      else await weir.redis.server.kill("SIGCONT")
      await waitUntil(
        "publications are accepted",
        async () => (await whyNot(logged)) === "accepted"
      )
      const again = await join(http, token, { channel: logged, since })
      assert.isTrue(again.subscribed.recovered)
      const { offset } = again.subscribed.position
      await waitUntil("both are at the head", () =>
        [again.client, clients.get(logged)!].every((it) => it.offsets.at(-1) === offset)
      )
      const heard = clients.get(logged)!.offsets
      assert.deepStrictEqual(
        heard,
        heard.map((_, index) => index + 1)
      )
      again.client.close()
    })
  })
}
