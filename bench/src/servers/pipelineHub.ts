/**
 * pipelineHub: the first process of the bare pipeline: takes publications, and pushes
 * them to every edge. See `Pipeline.ts`.
 *
 *     node pipelineHub.ts [REDIS_URL]
 *
 * With a Redis, each publication is added to its channel's stream first, with one plain
 * command, and is pushed and answered once it is there. Prints its address.
 */
import * as grpc from "@grpc/grpc-js"
import type {
  PublishRequest,
  PublishResponse,
  PublishStreamRequest,
  PublishStreamResponse
} from "@weir/proto/api/v1/publish"
import { Redis } from "ioredis"
import { announceAddress } from "./Announce.ts"
import { followMethod, publishMethod, publishStreamMethod } from "./Pipeline.ts"

/** As many as Weir's development namespace keeps. */
const historySize = 10_000

const [, , redisUrl] = process.argv
const redis = redisUrl === undefined ? undefined : new Redis(redisUrl)
const edges = new Set<grpc.ServerWritableStream<PublishRequest, PublishStreamRequest>>()
const epoch = "pipeline"
let offset = 0

const push = (publications: Array<PublishRequest>): void => {
  for (const edge of edges) edge.write({ publications })
}

const published = (): PublishResponse => ({
  position: { epoch, term: 1, offset: ++offset },
  duplicate: false
})

/** Commands are answered in the order in which they were sent, and so is what comes after. */
const store = async (redis: Redis, publications: ReadonlyArray<PublishRequest>): Promise<void> => {
  await Promise.all(
    publications.map(({ channel, data }) =>
      redis.xadd(channel, "MAXLEN", "~", historySize, "*", "data", Buffer.from(data))
    )
  )
}

/** `answer` is called once the publications are on their way. */
const take = (publications: Array<PublishRequest>, answer: () => void): void => {
  const pass = () => {
    push(publications)
    answer()
  }
  if (redis === undefined) return pass()
  void store(redis, publications).then(pass)
}

const server = new grpc.Server()
server.addService(
  { publish: publishMethod, publishStream: publishStreamMethod, follow: followMethod },
  {
    publish: (
      call: grpc.ServerUnaryCall<PublishRequest, PublishResponse>,
      answer: grpc.sendUnaryData<PublishResponse>
    ) => take([call.request], () => answer(null, published())),
    publishStream: (call: grpc.ServerDuplexStream<PublishStreamRequest, PublishStreamResponse>) => {
      call.on("data", ({ publications }: PublishStreamRequest) =>
        take(publications, () =>
          call.write({
            results: publications.map(() => ({
              result: { $case: "published", value: published() }
            }))
          })
        )
      )
      call.on("end", () => call.end())
      call.on("error", () => {})
    },
    follow: (call: grpc.ServerWritableStream<PublishRequest, PublishStreamRequest>) => {
      edges.add(call)
      // At once: the edge begins when it knows that nothing passes it by.
      call.sendMetadata(new grpc.Metadata())
      call.on("cancelled", () => edges.delete(call))
    }
  }
)
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  announceAddress(port, "@grpc/grpc-js")
})
