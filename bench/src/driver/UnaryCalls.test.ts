import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as grpc from "@grpc/grpc-js"
import { openUnaryCalls, type UnaryCalls } from "./UnaryCalls.ts"

const path = "/test.Echo/Say"
const identity = (bytes: Buffer): Buffer => bytes

const say = (calls: UnaryCalls, text: string): Promise<string> =>
  new Promise((resolve) =>
    calls.call(Buffer.from(text), (result) =>
      resolve(result instanceof Error ? `failed: ${result.message}` : result.toString())
    )
  )

describe("UnaryCalls", () => {
  const server = new grpc.Server()
  let calls: UnaryCalls

  beforeAll(async () => {
    server.addService(
      {
        say: {
          ...{ path, requestStream: false, responseStream: false },
          ...{ requestSerialize: identity, requestDeserialize: identity },
          ...{ responseSerialize: identity, responseDeserialize: identity }
        }
      },
      {
        say: (
          { metadata, request }: grpc.ServerUnaryCall<Buffer, Buffer>,
          answer: grpc.sendUnaryData<Buffer>
        ) =>
          request.toString() === "no"
            ? answer({ code: grpc.status.NOT_FOUND, details: "not here" })
            : answer(
                null,
                Buffer.concat([request, Buffer.from(` ${metadata.get("authorization")}`)])
              )
      }
    )
    const port = await new Promise<number>((resolve, reject) =>
      server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error === null ? resolve(bound) : reject(error)
      )
    )
    calls = await openUnaryCalls(`127.0.0.1:${port}`, path, "Bearer k")
  })

  afterAll(() => {
    calls.close()
    server.forceShutdown()
  })

  it("gives each call its own answer, of one byte or of many frames", async () => {
    const texts = ["", "a", "b".repeat(100_000)]
    const answers = await Promise.all(texts.map((text) => say(calls, text)))
    assert.deepStrictEqual(
      answers,
      texts.map((text) => `${text} Bearer k`)
    )
  })

  it("says why there is no answer", async () => {
    assert.strictEqual(await say(calls, "no"), "failed: 5 not here")
  })
})
