/**
 * grpcEcho: one unary method on bare grpc-js: the floor under Weir's `Publish`.
 *
 * It has the path and the messages of Weir's own, decodes what it is sent and answers
 * with as many bytes as Weir does, as anybody would write it with the generated code.
 * It keeps nothing. Prints its address once it listens.
 */
import * as grpc from "@grpc/grpc-js"
import { PublishRequest, PublishResponse } from "@weir/proto/api/v1/publish"
import { publishPath } from "../driver/PublishApi.ts"
import { announceAddress } from "./Announce.ts"

/** As long as Weir's: eight characters, and a term of now. */
const epoch = "k3f9m2xq"
const term = Date.now() * 2048

let offset = 0

const server = new grpc.Server()
server.addService(
  {
    publish: {
      path: publishPath,
      requestStream: false,
      responseStream: false,
      requestSerialize: (request: PublishRequest) =>
        Buffer.from(PublishRequest.encode(request).finish()),
      requestDeserialize: (bytes: Buffer) => PublishRequest.decode(bytes),
      responseSerialize: (response: PublishResponse) =>
        Buffer.from(PublishResponse.encode(response).finish()),
      responseDeserialize: (bytes: Buffer) => PublishResponse.decode(bytes)
    }
  },
  {
    publish: (
      _call: grpc.ServerUnaryCall<PublishRequest, PublishResponse>,
      answer: grpc.sendUnaryData<PublishResponse>
    ) => answer(null, { position: { epoch, term, offset: ++offset }, duplicate: false })
  }
)
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error
  announceAddress(port, "@grpc/grpc-js")
})
