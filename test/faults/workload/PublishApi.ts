/**
 * PublishApi: the publish API of one router, as a service elsewhere would use it.
 */
import { fileURLToPath } from "node:url"
import * as grpc from "@grpc/grpc-js"
import * as loader from "@grpc/proto-loader"
import type { Position } from "@weir/core/Position"

const definitions = loader.loadSync("weir/api/v1/publish.proto", {
  keepCase: true,
  longs: Number,
  includeDirs: [fileURLToPath(new URL("../../../proto", import.meta.url))]
})

// biome-ignore lint/suspicious/noExplicitAny: loaded at run time
const { PublishService } = (grpc.loadPackageDefinition(definitions) as any).weir.api.v1

/** The id of the development key: the publisher that subscribers see. */
export const keyId = "dev-key"

export interface ApiPublication {
  readonly channel: string
  readonly message_id: string
  readonly content_type: string
  readonly data: Buffer
}

export interface ApiPublished {
  readonly position: Position
  readonly duplicate: boolean
}

export interface ApiResult {
  readonly published?: ApiPublished
  readonly failure?: { readonly code: string; readonly message: string }
}

export interface Batch {
  readonly publications: ReadonlyArray<ApiPublication>
}

export type PublishCall = grpc.ClientDuplexStream<Batch, { readonly results: Array<ApiResult> }>

/** What a call that ended with an error tells: Weir's own code, or gRPC's. */
export const codeOf = (error: grpc.ServiceError): string => {
  const [own] = error.metadata?.get("weir-failure") ?? []
  return own === undefined ? `grpc ${grpc.status[error.code]}` : String(own)
}

export class PublishApi {
  readonly #client: grpc.Client & Record<string, CallableFunction>
  readonly #metadata = new grpc.Metadata()

  constructor(address: string) {
    this.#client = new PublishService(address, grpc.credentials.createInsecure(), {
      "grpc.initial_reconnect_backoff_ms": 100,
      "grpc.max_reconnect_backoff_ms": 500
    })
    this.#metadata.set("authorization", "Bearer dev-key")
  }

  publish(publication: ApiPublication, limitMs: number): Promise<ApiPublished> {
    return new Promise((resolve, reject) =>
      this.#client["publish"]!(
        publication,
        this.#metadata,
        { deadline: Date.now() + limitMs },
        (error: grpc.ServiceError | null, response: ApiPublished) =>
          error ? reject(error) : resolve(response)
      )
    )
  }

  stream(): PublishCall {
    return this.#client["publishStream"]!(this.#metadata)
  }

  close(): void {
    this.#client.close()
  }
}

/** One client for each address, kept. */
export class PublishApis {
  readonly #byAddress = new Map<string, PublishApi>()

  at(address: string): PublishApi {
    let api = this.#byAddress.get(address)
    if (api === undefined) {
      api = new PublishApi(address)
      this.#byAddress.set(address, api)
    }
    return api
  }

  close(): void {
    for (const api of this.#byAddress.values()) api.close()
  }
}
