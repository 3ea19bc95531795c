/**
 * GrpcReflectionClient: knows of a server's API what the server itself says of it.
 *
 * Only the reflection service is written down here, since it is the same for
 * every gRPC server.
 */
import * as grpc from "@grpc/grpc-js"
import { loadFileDescriptorSetFromBuffer } from "@grpc/proto-loader"
import protobuf from "protobufjs"
import type { Payload } from "./WireClient.ts"

const reflectionPath = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request {
    string file_by_filename = 3;
    string file_containing_symbol = 4;
    string list_services = 7;
  }
  message Response {
    Files file_descriptor_response = 4;
    Services list_services_response = 6;
    Failure error_response = 7;
  }
  message Files { repeated bytes file_descriptor_proto = 1; }
  message Services { repeated Service service = 1; }
  message Service { string name = 1; }
  message Failure { int32 error_code = 1; string error_message = 2; }
  // A descriptor.proto of which only the names are read.
  message FileSet { repeated bytes file = 1; }
  message File { string name = 1; repeated string dependency = 3; }
`)
const [Request, Response, FileSet, File] = ["Request", "Response", "FileSet", "File"].map((name) =>
  root.lookupType(name)
) as [protobuf.Type, protobuf.Type, protobuf.Type, protobuf.Type]

export const bytes = (buffer: Buffer): Buffer => buffer

export interface GrpcAnswer {
  readonly code: grpc.status
  /** Of a failure; empty otherwise. */
  readonly details: string
  /** The trailing metadata `weir-failure`. */
  readonly failure: string | undefined
  readonly response: Payload
}

export const bearer = (key: string | undefined): grpc.Metadata => {
  const metadata = new grpc.Metadata()
  if (key !== undefined) metadata.set("authorization", `Bearer ${key}`)
  return metadata
}

const deadline = () => Date.now() + 15_000

const refusal = ({ code, details, metadata }: grpc.StatusObject): GrpcAnswer => ({
  code,
  details,
  failure: metadata.get("weir-failure")[0]?.toString(),
  response: undefined
})

export class GrpcReflectionClient {
  readonly services: ReadonlyArray<string>
  readonly raw: grpc.Client
  readonly #definitions: grpc.GrpcObject

  private constructor(raw: grpc.Client, services: ReadonlyArray<string>, set: Buffer) {
    this.raw = raw
    this.services = services
    this.#definitions = grpc.loadPackageDefinition(
      loadFileDescriptorSetFromBuffer(set, { longs: Number, defaults: true, oneofs: true })
    )
  }

  static async connect(address: string): Promise<GrpcReflectionClient> {
    const raw = new grpc.Client(address, grpc.credentials.createInsecure())
    const stream = raw.makeBidiStreamRequest(reflectionPath, bytes, bytes, new grpc.Metadata(), {
      deadline: deadline()
    })
    const answers = stream[Symbol.asyncIterator]()
    const ask = async (question: object): Promise<Payload> => {
      stream.write(Buffer.from(Request.encode(Request.fromObject(question)).finish()))
      const { value } = await answers.next()
      const answer = Response.toObject(Response.decode(value), { arrays: true })
      if (answer["errorResponse"]) throw new Error(JSON.stringify(answer["errorResponse"]))
      return answer
    }
    const { listServicesResponse } = await ask({ listServices: "*" })
    const services: ReadonlyArray<string> = listServicesResponse.service.map(
      ({ name }: Payload) => name
    )
    const files = new Map<string, Uint8Array>()
    const learn = async (question: object): Promise<void> => {
      const { fileDescriptorResponse } = await ask(question)
      const missing: Array<string> = []
      for (const bytes of fileDescriptorResponse.fileDescriptorProto) {
        const { name, dependency } = File.toObject(File.decode(bytes), { arrays: true })
        files.set(name, bytes)
        missing.push(...dependency)
      }
      for (const name of missing) if (!files.has(name)) await learn({ fileByFilename: name })
    }
    for (const name of services) await learn({ fileContainingSymbol: name })
    stream.end()
    const set = FileSet.encode(FileSet.fromObject({ file: [...files.values()] })).finish()
    return new GrpcReflectionClient(raw, services, Buffer.from(set))
  }

  #client(service: string): grpc.Client & Record<string, Payload> {
    const constructor = service
      .split(".")
      .reduce((at: Payload, name) => at[name], this.#definitions)
    const channelOverride = this.raw.getChannel()
    return new constructor("", grpc.credentials.createInsecure(), { channelOverride })
  }

  /** One unary call, by the names that the server gave. */
  call(service: string, method: string, request: object, key?: string): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      this.#client(service)[method](
        request,
        bearer(key),
        { deadline: deadline() },
        (error: grpc.ServiceError | null, response: Payload) =>
          resolve(error ? refusal(error) : { code: 0, details: "", failure: undefined, response })
      )
    })
  }

  /** Sends all messages of a stream; gives all that came back, and how it ended. */
  stream(
    service: string,
    method: string,
    requests: ReadonlyArray<object>,
    key?: string
  ): Promise<{ readonly responses: ReadonlyArray<Payload>; readonly end: GrpcAnswer }> {
    return new Promise((resolve) => {
      const responses: Array<Payload> = []
      const call = this.#client(service)[method](bearer(key), { deadline: deadline() })
      call.on("data", (response: Payload) => responses.push(response))
      // The status says it too, and says more.
      call.on("error", () => {})
      call.on("status", (status: grpc.StatusObject) => resolve({ responses, end: refusal(status) }))
      for (const request of requests) call.write(request)
      call.end()
    })
  }

  /** One unary call of these bytes, whatever they are. */
  callRaw(path: string, message: Uint8Array, key?: string): Promise<GrpcAnswer> {
    return new Promise((resolve) => {
      this.raw.makeUnaryRequest(
        path,
        bytes,
        bytes,
        Buffer.from(message),
        bearer(key),
        { deadline: deadline() },
        (error, response) =>
          resolve(error ? refusal(error) : { code: 0, details: "", failure: undefined, response })
      )
    })
  }

  close(): void {
    this.raw.close()
  }
}
