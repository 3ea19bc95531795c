import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { assert, describe, it } from "@effect/vitest"
import { openHttpPipeline } from "./HttpPipeline.ts"

/** Answers with what it was sent, and remembers it; `fail` as a body is refused. */
const withServer = async (
  test: (address: string, seen: ReadonlyArray<string>) => Promise<void>
): Promise<void> => {
  const seen: Array<string> = []
  const server = createServer((request, response) => {
    let body = ""
    request.on("data", (chunk) => {
      body += chunk
    })
    request.on("end", () => {
      seen.push(`${request.url} ${request.headers["x-key"]} ${body}`)
      response.writeHead(body === "fail" ? 500 : 202, { "content-length": body.length }).end(body)
    })
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  try {
    await test(`127.0.0.1:${(server.address() as AddressInfo).port}`, seen)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const answersTo = async (address: string, bodies: ReadonlyArray<string>) => {
  const answers: Array<string> = []
  const done = Promise.withResolvers<void>()
  const pipeline = await openHttpPipeline({
    address,
    headers: "X-Key: k\r\n",
    refusal: (status, body) => {
      answers.push(`${status} ${body}`)
      if (answers.length === bodies.length) queueMicrotask(done.resolve)
      return status === 202 ? undefined : `answered ${status}`
    },
    onFailure: (why) => answers.push(why)
  })
  for (const body of bodies) pipeline.post("/c", Buffer.from(body))
  await done.promise
  pipeline.close()
  return answers
}

describe("an HTTP pipeline", () => {
  it("sends all requests without waiting, and reads every answer, in order", () =>
    withServer(async (address, seen) => {
      const bodies = Array.from({ length: 50 }, (_, index) => String(index))
      const answers = await answersTo(address, bodies)
      assert.deepStrictEqual(
        answers,
        bodies.map((body) => `202 ${body}`)
      )
      assert.deepStrictEqual(
        seen,
        bodies.map((body) => `/c k ${body}`)
      )
    }))

  it("says that a request was refused", () =>
    withServer(async (address) => {
      assert.deepStrictEqual(await answersTo(address, ["fail"]), ["500 fail", "answered 500"])
    }))
})
