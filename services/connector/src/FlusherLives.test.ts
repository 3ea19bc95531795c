import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { makeConnection, roomForAll } from "./Connection.fixture.ts"
import { Flusher } from "./Flusher.ts"

/** Numbers in [0, 1), the same for the same seed. */
const randomFrom = (seed: number) => {
  let state = seed + 1
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

const turn = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** A chunk says how long it is, and which one. */
const chunkOf = (number: number, size: number): Buffer => {
  const chunk = Buffer.alloc(Math.max(8, size))
  chunk.writeUInt32BE(chunk.byteLength, 0)
  chunk.writeUInt32BE(number, 4)
  return chunk
}

/** A connection to a socket that is full now and then, and what went through it. */
const makeLife = (flusher: Flusher, random: () => number) => {
  const accepted: Array<number> = []
  const written: Array<number> = []
  let isFull = false
  let isClosed = false
  let longest = 0
  const connection = makeConnection({
    outbox: { maxFrames: 20, maxBytes: 200_000, shared: roomForAll },
    flusher,
    write: (frames) => {
      assert.isFalse(isClosed, "nothing is written after the close")
      assert.isFalse(isFull, "nothing is written while the socket is full")
      longest = Math.max(longest, frames.byteLength)
      const bytes = Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength)
      for (let at = 0; at < bytes.byteLength; at += bytes.readUInt32BE(at)) {
        written.push(bytes.readUInt32BE(at + 4))
      }
      isFull = random() < 0.15
      return !isFull
    },
    close: () => {
      isClosed = true
    }
  })
  return {
    accepted,
    written,
    isClosed: () => isClosed,
    longest: () => longest,
    push: (number: number, chunk: Buffer) => {
      if (!isClosed && connection.push(chunk, 1)) accepted.push(number)
    },
    drain: () => {
      if (!isFull || isClosed) return
      isFull = false
      connection.drained()
    },
    close: () => {
      if (isClosed) return
      connection.close("shutdown")
      // What was in its outbox is not sent; everything else was written before.
      if (!isFull) assert.deepStrictEqual(written, accepted)
    }
  }
}

const largest = 70_000

describe("Flusher", () => {
  it.live.each(Array.from({ length: 20 }, (_, seed) => seed))(
    "writes what was taken, once and in order, whatever happens to the sockets: seed %d",
    (seed) =>
      Effect.gen(function* () {
        const random = randomFrom(seed)
        const flusher = new Flusher()
        yield* Effect.forkScoped(flusher.run)
        const lives = Array.from({ length: 40 }, () => makeLife(flusher, random))
        const anyone = () => lives[Math.floor(random() * lives.length)]!
        let number = 0
        for (let step = 0; step < 400; step++) {
          const dice = random()
          if (dice < 0.3) {
            const size = random() < 0.1 ? largest : random() * 3_000
            const chunk = chunkOf(++number, Math.floor(size))
            for (const life of lives) if (random() < 0.7) life.push(number, chunk)
          } else if (dice < 0.6) {
            const life = anyone()
            for (let count = 0; count < 4; count++) {
              life.push(++number, chunkOf(number, Math.floor(random() * 40_000)))
            }
          } else if (dice < 0.8) {
            for (const life of lives) if (random() < 0.5) life.drain()
          } else if (dice < 0.82) {
            anyone().close()
          } else {
            yield* turn
          }
        }
        const isDone = ({ accepted, isClosed, written }: (typeof lives)[number]) =>
          isClosed() || written.length === accepted.length
        while (!lives.every(isDone)) {
          for (const life of lives) life.drain()
          yield* turn
        }
        for (const { accepted, longest, written } of lives) {
          assert.deepStrictEqual(written, accepted.slice(0, written.length))
          assert.isAtMost(longest(), 64 * 1024 + largest)
        }
      })
  )
})
