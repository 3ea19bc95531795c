import { assert, describe, it } from "@effect/vitest"
import { ALL_TRANSPORTS, TRIES_OF_PROVEN, Transports } from "./Transports.ts"

/** A WebSocket that nobody answers. */
const silent = () => ({ send: () => {}, close: () => {}, addEventListener: () => {} })

const make = () => {
  const transports = new Transports(ALL_TRANSPORTS, 3_600_000)
  return {
    transports,
    fails: (isCut = true) => {
      transports.open()
      transports.ended(isCut)
      return transports.current
    },
    works: () => {
      transports.open()
      transports.connected(silent, () => {})
      transports.ended(true)
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
    assert.deepStrictEqual([fails(false), fails(false), fails(false)], Array(3).fill("websocket"))
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
