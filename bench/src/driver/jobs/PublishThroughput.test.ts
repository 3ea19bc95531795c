import { assert, describe, it } from "@effect/vitest"
import * as grpc from "@grpc/grpc-js"
import type { PublishStreamRequest, PublishStreamResponse } from "@weir/proto/api/v1/publish"
import { publishStreamMethod } from "../../servers/Pipeline.ts"
import { type PublishThroughputJob, run } from "./PublishThroughput.ts"

type Call = grpc.ServerDuplexStream<PublishStreamRequest, PublishStreamResponse>
type Result = PublishStreamResponse["results"][number]

/** A router that gives each publication the result that `decide` has for it. */
const withRouter = async <A>(
  decide: (channel: string, number: number) => Result,
  use: (address: string) => Promise<A>
): Promise<A> => {
  const counts = new Map<string, number>()
  const server = new grpc.Server()
  server.addService(
    { publishStream: publishStreamMethod },
    {
      publishStream: (call: Call) => {
        call.on("end", () => call.end())
        call.on("data", ({ publications }: PublishStreamRequest) =>
          call.write({
            results: publications.map(({ channel }) => {
              const number = (counts.get(channel) ?? 0) + 1
              counts.set(channel, number)
              return decide(channel, number)
            })
          })
        )
      }
    }
  )
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error)
    )
  )
  try {
    return await use(`127.0.0.1:${port}`)
  } finally {
    server.forceShutdown()
  }
}

const published = (offset: number): Result => ({
  result: {
    $case: "published",
    value: { position: { epoch: "e", term: 1, offset }, duplicate: false }
  }
})

const measure = (address: string) => {
  const job: PublishThroughputJob = {
    kind: "publishThroughput",
    ...{ address, key: "key", channels: ["live:a", "live:b", "live:c"], streams: 2 },
    ...{ perMessage: 12, window: 2, warmupSeconds: 0.1, seconds: 0.3, processes: [] }
  }
  return run(job, { emit: () => {}, nextLine: () => new Promise(() => {}) })
}

describe("publishThroughput", () => {
  it("counts what is published, in whole messages", () =>
    withRouter(
      (_channel, number) => published(number),
      async (address) => {
        const { misplaced, publications, refused } = await measure(address)

        assert.isAbove(publications, 0)
        assert.strictEqual(publications % 12, 0)
        assert.strictEqual(misplaced, 0)
        assert.deepStrictEqual(refused, {})
      }
    ))

  it("finds a channel whose offsets do not follow each other", () =>
    withRouter(
      (channel, number) => published(channel === "live:b" && number > 8 ? number + 1 : number),
      async (address) => {
        const { misplaced } = await measure(address)

        assert.strictEqual(misplaced, 1)
      }
    ))

  it("counts no refusal as published, and says its code", () =>
    withRouter(
      () => ({
        result: {
          $case: "failure",
          value: { code: "too_many_requests", message: "", retryAfterMs: 0 }
        }
      }),
      async (address) => {
        const { publications, refused } = await measure(address)

        assert.strictEqual(publications, 0)
        assert.isAbove(refused["too_many_requests"]!, 0)
      }
    ))
})
