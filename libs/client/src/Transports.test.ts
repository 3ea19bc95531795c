import { assert, describe, it } from "@effect/vitest"
import {
  ALL_TRANSPORTS,
  type End,
  TRIES_BEFORE_ASKING,
  TRIES_OF_BLOCKED,
  TRIES_OF_PROVEN,
  Transports
} from "./Transports.ts"

/** A WebSocket that nobody answers. */
const silent = () => ({ send: () => {}, close: () => {}, addEventListener: () => {} })

const make = ({ isServerThere = false } = {}) => {
  const transports = new Transports(ALL_TRANSPORTS, 3_600_000, async () => isServerThere)
  return {
    transports,
    fails: (how: End = "cut") => {
      transports.open()
      transports.ended(how)
      return transports.current
    },
    works: () => {
      transports.open()
      transports.connected(silent, () => {})
      transports.ended("cut")
      return transports.current
    }
  }
}

describe("Transports", () => {
  it("goes down while nothing works, and begins again", () => {
    const { fails } = make()
    assert.deepStrictEqual([fails(), fails(), fails()], ["sse", "longPolling", "websocket"])
  })

  it("stays where it worked, and gives it some tries when it fails", () => {
    const { fails, works } = make()
    assert.strictEqual(fails(), "sse")
    assert.strictEqual(works(), "sse")
    for (let tries = 1; tries < TRIES_OF_PROVEN; tries++) assert.strictEqual(fails(), "sse")
    assert.strictEqual(fails(), "longPolling")
  })

  it("counts only failures in a row", () => {
    const { fails, works } = make()
    works()
    for (let tries = 1; tries < TRIES_OF_PROVEN; tries++) fails()
    works()
    for (let tries = 1; tries < TRIES_OF_PROVEN; tries++) assert.strictEqual(fails(), "websocket")
    assert.strictEqual(fails(), "sse")
  })

  it("stays where the server has sent it away: that came through", () => {
    const { fails } = make()
    const told = [fails("told"), fails("told"), fails("told")]
    assert.deepStrictEqual(told, Array(3).fill("websocket"))
  })

  it("gives up early what is known to be blocked", () => {
    const { fails, works } = make()
    assert.strictEqual(fails(), "sse")
    works()
    for (let tries = 1; tries < TRIES_OF_BLOCKED; tries++) {
      assert.strictEqual(fails("blocked"), "sse")
    }
    assert.strictEqual(fails("blocked"), "longPolling")
  })

  it("asks after some tries whether the server is there, and then knows", async () => {
    const { fails, transports, works } = make({ isServerThere: true })
    works()
    for (let tries = 1; tries <= TRIES_BEFORE_ASKING; tries++) fails()
    assert.strictEqual(transports.current, "websocket")

    await Promise.resolve()
    transports.open()

    assert.strictEqual(transports.current, "sse")
  })

  it("does not mind an answer that comes after the way has worked", async () => {
    const { fails, transports, works } = make({ isServerThere: true })
    works()
    for (let tries = 1; tries <= TRIES_BEFORE_ASKING; tries++) fails()

    works()
    await Promise.resolve()
    transports.open()

    assert.strictEqual(transports.current, "websocket")
  })

  it("looks at once whether a WebSocket passes again, and goes back to it", () => {
    const { fails, transports } = make()
    assert.strictEqual(fails(), "sse")
    transports.open()
    let opens = () => {}
    let found = 0
    const probe = () => ({
      send: () => {},
      close: () => {},
      addEventListener: (type: string, listener: (event: { readonly type: string }) => void) => {
        if (type === "open") opens = () => listener({ type })
      }
    })

    transports.connected(probe, () => found++)
    assert.strictEqual(transports.current, "sse")
    opens()

    assert.deepStrictEqual([found, transports.current], [1, "websocket"])
  })
})
