/**
 * PublishClient: a service that publishes over gRPC, with nothing of ours but the
 * definitions.
 */
import { fileURLToPath } from "node:url"
import * as grpc from "@grpc/grpc-js"
import * as loader from "@grpc/proto-loader"

const definitions = loader.loadSync("weir/api/v1/publish.proto", {
  keepCase: true,
  longs: Number,
  includeDirs: [fileURLToPath(new URL("../../proto", import.meta.url))]
})

// biome-ignore lint/suspicious/noExplicitAny: loaded at run time
const { PublishService } = (grpc.loadPackageDefinition(definitions) as any).weir.api.v1

export interface Publication {
  readonly channel: string
  readonly data: Buffer
  readonly content_type?: string
  readonly message_id?: string
  readonly key?: string
}

export interface Published {
  readonly position: { readonly epoch: string; readonly term: number; readonly offset: number }
  readonly duplicate: boolean
}

export class PublishClient {
  readonly #client: grpc.Client & Record<string, CallableFunction>
  readonly #metadata = new grpc.Metadata()

  constructor(address: string, key = "dev-key") {
    this.#client = new PublishService(address, grpc.credentials.createInsecure())
    this.#metadata.set("authorization", `Bearer ${key}`)
  }

  publish(publication: Publication): Promise<Published> {
    return new Promise((resolve, reject) =>
      this.#client["publish"]!(
        publication,
        this.#metadata,
        (error: grpc.ServiceError | null, response: Published) =>
          error ? reject(error) : resolve(response)
      )
    )
  }

  /** Publishes all, as fast as flow control lets it, and gives the offsets in order. */
  async publishAll(publications: ReadonlyArray<Publication>, batch = 100): Promise<Array<number>> {
    const call: grpc.ClientDuplexStream<object, { results: Array<{ published?: Published }> }> =
      this.#client["publishStream"]!(this.#metadata)
    const offsets: Array<number> = []
    const ended = new Promise<void>((resolve, reject) => {
      call.on("data", ({ results }) => {
        for (const result of results) {
          if (result.published === undefined) return reject(new Error(JSON.stringify(result)))
          offsets.push(result.published.position.offset)
        }
      })
      call.on("error", reject).on("end", resolve)
    })
    for (let from = 0; from < publications.length; from += batch) {
      const writable = call.write({ publications: publications.slice(from, from + batch) })
      if (!writable) await new Promise((resolve) => call.once("drain", resolve))
    }
    call.end()
    await ended
    return offsets
  }

  close(): void {
    this.#client.close()
  }
}
