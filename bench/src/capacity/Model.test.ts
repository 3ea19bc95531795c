import { assert, describe, it } from "@effect/vitest"
import type { Constants } from "./Constants.ts"
import { connectorsReached, type Demand, type Limits, predict } from "./Model.ts"

/** Round ones, so that what they add up to is seen at once. */
const constants: Constants = {
  ...{
    routerMessageSeconds: 0,
    baseSeconds: 0,
    handshakeSeconds: 0,
    authSeconds: 0,
    idleSeconds: 0
  },
  ...{
    messageSeconds: 0,
    publicationSeconds: 0,
    deliverySeconds: 0,
    writeSeconds: 10e-6,
    byteSeconds: 0
  },
  ...{
    unloggedSeconds: 1e-6,
    loggedSeconds: 1e-6,
    callSeconds: 0,
    laneSeconds: 0,
    forwardSeconds: 0
  },
  ...{ redisSeconds: 1e-6, connectorBytes: 100e6, connectionBytes: 10_000 },
  ...{ subscriptionBytes: 0, channelBytes: 0, routerBytes: 0, routerChannelBytes: 0 },
  ...{ authBytes: 0, envelopeBytes: 0 }
}

const demand: Demand = {
  ...{ connections: 100_000, fanout: 100, rate: 1, payloadBytes: 128, subscriptions: 1 },
  ...{ channels: 1_000, logged: false, unary: false, lifetimeSeconds: 3_600 }
}

const limits: Limits = {
  ...{ utilisation: 0.5, turnSeconds: 0.02, connectionsPerNode: 50_000 },
  ...{ memoryBytes: 4e9, networkBytesPerSecond: 1e9, spare: 0 }
}

describe("connectorsReached", () => {
  it("is all of them for a channel that everybody has, and one for a single subscriber", () => {
    assert.closeTo(connectorsReached(8, 100_000), 8, 1e-9)
    assert.closeTo(connectorsReached(8, 1), 1, 1e-9)
    assert.strictEqual(connectorsReached(1, 5), 1)
  })
})

describe("predict", () => {
  it("takes as many connectors as the most connections per node say, where nothing is published", () => {
    const { connector, uses } = predict({ ...demand, rate: 0 }, limits, constants)
    assert.strictEqual(connector.needed, 2)
    assert.deepStrictEqual(uses[0], { role: "connector", resource: "connections", share: 1 })
  })

  it("takes as many as deliveries cost, where they cost more than one core may give", () => {
    // 2,000 × 100 deliveries of 10 µs are two cores; each may be used by half.
    const busy = { ...demand, rate: 2_000 }
    const { connector } = predict(busy, { ...limits, turnSeconds: 0.001 }, constants)
    assert.strictEqual(connector.needed, 4)
    assert.closeTo(connector.cpu, 0.5, 1e-9)
    assert.strictEqual(connector.batch, 1)
  })

  it("lets publications share a write where a connection has several in a turn", () => {
    // Each of 1,000 connections hears 1,000 publications a second: 20 in a turn of 20 ms.
    const hot = { ...demand, connections: 1_000, fanout: 1_000, rate: 1_000, channels: 1 }
    const { connector } = predict(hot, limits, constants)
    assert.strictEqual(connector.batch, 20)
    assert.strictEqual(connector.needed, 1)
    assert.closeTo(connector.cpu, 0.5, 1e-9)
    assert.closeTo(connector.cpuUngathered, 10, 1e-9)
  })

  it("lets publications share a message where many come in a turn", () => {
    // 1,000 of 1 ms each are a core; in 50 messages a second they are a twentieth of it.
    const { connector, router } = predict(
      { ...demand, connections: 1_000, fanout: 1, rate: 1_000 },
      limits,
      { ...constants, messageSeconds: 0.001, routerMessageSeconds: 0.001, writeSeconds: 0 }
    )
    assert.closeTo(connector.cpuUngathered, 1, 1e-9)
    assert.closeTo(connector.cpu, 0.05, 1e-9)
    assert.closeTo(router.cpuUngathered, 1.001, 1e-9)
    assert.closeTo(router.cpu, 0.051, 1e-9)
  })

  it("names what no number of connectors helps against: each decodes what everybody hears", () => {
    const firehose = { ...demand, fanout: 100_000, rate: 1_000, channels: 1 }
    const { connector, uses } = predict(
      firehose,
      { ...limits, turnSeconds: 1 },
      { ...constants, publicationSeconds: 0.001 }
    )
    assert.isAbove(uses[0]!.share, 1)
    assert.deepStrictEqual([uses[0]!.role, uses[0]!.resource], ["connector", "CPU"])
    assert.isAbove(connector.cpu, 1)
  })

  it("adds connectors where memory gives out before connections do", () => {
    const { connector, uses } = predict(
      { ...demand, rate: 0 },
      { ...limits, memoryBytes: 350e6 },
      constants
    )
    assert.strictEqual(connector.needed, 4)
    assert.strictEqual(uses[0]!.resource, "memory")
  })

  it("adds the spare nodes to what is needed, and counts the use without them", () => {
    const { connector, router } = predict(demand, { ...limits, spare: 1 }, constants)
    assert.deepStrictEqual([connector.needed, connector.nodes], [2, 3])
    assert.strictEqual(router.nodes, router.needed + 1)
    assert.strictEqual(connector.connections, 50_000)
  })

  it("gives a channel one router, however much is published on it", () => {
    const one = { ...demand, channels: 1, rate: 2_000_000, fanout: 1 }
    const { router, uses } = predict(one, limits, constants)
    assert.strictEqual(router.needed, 1)
    assert.isAbove(uses.find(({ role }) => role === "router")!.share, 1)
  })

  it("asks for Redis only where channels have a log", () => {
    const rate = 600_000
    assert.isUndefined(predict({ ...demand, rate, fanout: 1 }, limits, constants).redis)
    const { redis } = predict({ ...demand, rate, fanout: 1, logged: true }, limits, constants)
    assert.strictEqual(redis?.needed, 2)
  })

  it("never needs fewer connectors for more of anything", () => {
    const needed = (more: Partial<Demand>) =>
      predict({ ...demand, ...more }, limits, { ...constants, publicationSeconds: 5e-6 }).connector
        .needed
    for (const field of ["connections", "fanout", "rate"] as const) {
      let before = 0
      for (let factor = 1; factor <= 1_024; factor *= 2) {
        const more = { [field]: demand[field] * factor }
        if (field === "connections") Object.assign(more, { rate: 0 })
        const now = needed(more)
        assert.isAtLeast(now, before, `${field} × ${factor}`)
        before = now
      }
    }
  })
})
