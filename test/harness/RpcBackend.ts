/**
 * RpcBackend: a program that answers `rpc` for a test: over HTTP by what a test gives it for a
 * method, over gRPC by saying what it was asked.
 */
import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { failure } from "@weir/core/Failure"
import * as GrpcServer from "@weir/grpc/GrpcServer"
import { implement } from "@weir/grpc/Handlers"
import { RpcHandlerServiceDefinition } from "@weir/proto/api/v1/rpc"
import { Effect, Exit, Scope } from "effect"

export interface Asked {
  readonly headers: IncomingMessage["headers"]
  readonly body: Buffer
}

export type Answerer = (asked: Asked, response: ServerResponse) => void

export interface HttpBackend {
  readonly url: string
  /** Of every request, by method. */
  readonly asked: (method: string) => ReadonlyArray<Asked>
  /** Requests whose client has gone away before the answer. */
  readonly abandoned: () => number
  readonly close: () => void
}

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

export const startHttpBackend = async (
  answers: Readonly<Record<string, Answerer>>
): Promise<HttpBackend> => {
  const all: Array<Asked> = []
  let abandoned = 0
  const server = createServer(async (request, response) => {
    response.on("close", () => {
      if (!response.writableEnded) abandoned++
    })
    const asked = { headers: request.headers, body: await bodyOf(request) }
    all.push(asked)
    answers[String(request.headers["x-weir-method"])]?.(asked, response)
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: (method) => all.filter(({ headers }) => headers["x-weir-method"] === method),
    abandoned: () => abandoned,
    close: () => {
      server.closeAllConnections()
      server.close()
    }
  }
}

/** Says in JSON what it was asked; `grpc.refuse` is refused, `grpc.never` never answered. */
export const startGrpcBackend = async (): Promise<{
  readonly address: string
  readonly close: () => Promise<void>
}> => {
  const scope = await Effect.runPromise(Scope.make())
  const service = implement(RpcHandlerServiceDefinition, {
    call: ({ data, ...request }, { metadata }) => {
      if (request.method === "grpc.refuse") {
        return Effect.fail(failure("bad_request", "amount: must be positive"))
      }
      if (request.method === "grpc.never") return Effect.never
      const said = { ...request, data: Buffer.from(data).toString() }
      const answer = JSON.stringify({ ...said, authorization: metadata("authorization") })
      return Effect.succeed({ contentType: "", data: Buffer.from(answer) })
    }
  })
  const { address } = await Effect.runPromise(
    Effect.provideService(
      GrpcServer.make({ host: "127.0.0.1", port: 0, services: [service] }),
      Scope.Scope,
      scope
    )
  )
  return { address, close: () => Effect.runPromise(Scope.close(scope, Exit.void)) }
}
