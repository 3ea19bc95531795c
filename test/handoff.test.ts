/**
 * Routers that come and go while everybody publishes and listens: what was accepted
 * is in the log once, in each sender's order, and every listener has heard the log.
 */
import { assert, describe, it } from "@effect/vitest"
import type { Position } from "@weir/core/Position"
import type { Lane } from "@weir/router/Lane"
import * as Mesh from "@weir/router/RouterMesh.fixture"
import * as Store from "@weir/router/SharedStore.fixture"
import { decodePublication } from "@weir/wire/Publications"
import { Effect, Exit, type Fiber, Random } from "effect"
import { TestClock } from "effect/testing"

const channels = ["chat:a", "chat:b", "chat:c", "live:d"]
const names = ["r1", "r2", "r3"]

/** A connector that listens to one channel, as `Attachments` does, at its simplest. */
class Listener {
  readonly heard: Array<string> = []
  readonly gaps: Array<string> = []
  readonly #channel: string
  readonly #lanes: ReadonlyMap<string, Lane>
  readonly #mesh: Mesh.RouterMesh
  #at: string | undefined
  #since: Position | undefined
  #attach = 0
  #isAnswered = false

  constructor(mesh: Mesh.RouterMesh, channel: string, lanes: ReadonlyMap<string, Lane>) {
    this.#mesh = mesh
    this.#channel = channel
    this.#lanes = lanes
  }

  /** Takes what has come, and asks its owner for the channel where nobody gives it. */
  look(ownerOf: (channel: string) => string) {
    return Effect.gen({ self: this }, function* () {
      for (const [router, lane] of this.#lanes) {
        for (const { item } of yield* Mesh.itemsOf(lane)) {
          if (router !== this.#at) continue
          if (item?.$case === "moved") this.#at = undefined
          if (item?.$case === "attached" && item.value.attach === this.#attach) {
            this.#isAnswered = true
            if (this.#since === undefined || !item.value.recovered) {
              this.#since = item.value.position
              if (!item.value.recovered) this.gaps.push(item.value.reason)
            }
          }
          if (!this.#isAnswered) continue
          if (item?.$case === "gap") {
            this.gaps.push(item.value.reason)
            this.#since = item.value.position
          }
          if (item?.$case === "publication") this.#hear(item.value)
        }
      }
      if (this.#at !== undefined) return
      const owner = ownerOf(this.#channel)
      this.#at = owner
      this.#isAnswered = false
      this.#mesh.routers.get(owner)!.router.attach(this.#lanes.get(owner)!, {
        channel: this.#channel,
        since: this.#since,
        attach: ++this.#attach
      })
    })
  }

  #hear(bytes: Uint8Array): void {
    const entry = decodePublication(bytes)
    const { position } = entry.publication
    if (position.epoch === this.#since?.epoch && position.offset <= this.#since.offset) return
    this.heard.push(Mesh.textOf(entry))
    this.#since = position
  }
}

/** Offsets are for one sender in the order sent. */
const isInOrder = (texts: ReadonlyArray<string>) => {
  const last = new Map<string, number>()
  return texts.every((text) => {
    const [sender, number] = text.split("#")
    const isNext = Number(number) > (last.get(sender!) ?? -1)
    last.set(sender!, Number(number))
    return isNext
  })
}

describe("routers that join and leave under load", () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    it.effect(`lose nothing, double nothing, and keep the order (seed ${seed})`, () =>
      Effect.gen(function* () {
        const mesh = yield* Mesh.makeMesh({ latency: Effect.sleep("1 millis") })
        let version = 1
        for (const name of names) yield* mesh.start(name, Mesh.viewOf(1, "r1"))
        const ownerOf = (channel: string) => mesh.routers.get("r1")!.ownerOf(channel)?.name ?? "r1"

        const listeners = yield* Effect.forEach(channels, (channel) =>
          Effect.gen(function* () {
            const lanes = new Map<string, Lane>()
            for (const [name, { router }] of mesh.routers) {
              const lane = yield* router.openLane("connector-1")
              lane.grant(1e9)
              lanes.set(name, lane)
            }
            return { channel, listener: new Listener(mesh, channel, lanes) }
          })
        )
        const look = Effect.forEach(listeners, ({ listener }) => listener.look(ownerOf))
        yield* look
        yield* TestClock.adjust("100 millis")

        const sent: Array<{ channel: string; id: string; fiber: Fiber.Fiber<unknown, unknown> }> =
          []
        for (let step = 0; step < 150; step++) {
          for (const sender of names) {
            const channel = channels[yield* Random.nextIntBetween(0, channels.length - 1)]!
            const id = `${sender}#${step}`
            const { router } = mesh.routers.get(sender)!
            const fiber = yield* Effect.forkChild(router.publish(Mesh.message(id, channel)), {
              startImmediately: true
            })
            sent.push({ channel, id, fiber })
          }
          const luck = yield* Random.next
          if (luck < 0.12) {
            // One at least stays; the others stay, or can still be reached, and own nothing.
            const stays = yield* Random.nextIntBetween(0, names.length - 1)
            const drains = yield* Random.nextIntBetween(0, names.length - 1)
            const view = names.map((it, n) => (n === drains && n !== stays ? `-${it}` : it))
            yield* mesh.tell(Mesh.viewOf(++version, ...view))
          } else if (luck < 0.2) {
            mesh.store.appends.push((call) => Effect.tap(call, () => Effect.sleep("30 millis")))
          } else if (luck < 0.24) mesh.store.appends.push(Store.loseAnswer)
          yield* TestClock.adjust("5 millis")
          yield* look
        }
        for (let round = 0; round < 100; round++) {
          yield* TestClock.adjust("50 millis")
          yield* look
        }

        for (const { fiber, id } of sent) assert.isDefined(fiber.pollUnsafe(), `${id} is decided`)
        for (const { channel, listener } of listeners) {
          const accepted = sent
            .filter((it) => it.channel === channel && Exit.isSuccess(it.fiber.pollUnsafe()!))
            .map(({ id }) => id)
          assert.isTrue(isInOrder(listener.heard), `${channel}: each sender's order is heard`)
          assert.strictEqual(new Set(listener.heard).size, listener.heard.length, "nothing twice")
          if (channel.startsWith("live:")) continue
          const log = (yield* mesh.store.stored(channel)).map(Mesh.textOf)
          assert.strictEqual(new Set(log).size, log.length, "nothing is in the log twice")
          assert.isTrue(isInOrder(log), `${channel}: each sender's order is kept`)
          assert.includeMembers(log, accepted)
          assert.deepStrictEqual(listener.gaps, [])
          assert.deepStrictEqual(listener.heard, log, `${channel}: all of the log is heard`)
        }
        const decided = sent.filter(({ fiber }) => Exit.isSuccess(fiber.pollUnsafe()!))
        assert.strictEqual(decided.length, sent.length, "no publication fails")
      }).pipe(Random.withSeed(`handoff ${seed}`))
    )
  }
})
