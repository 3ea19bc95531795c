/**
 * Reflection: lets a gRPC client learn the API from the server alone.
 *
 * Serves the committed image of `proto/`, the same one that `buf breaking`
 * compares with.
 */
import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { fileURLToPath } from "node:url"
import { type OnDemandService, onDemand } from "./OnDemand.ts"

const require = createRequire(import.meta.url)

/** Only the public API: who may reach the mesh knows it already. */
const publicServices = [
  "weir.api.v1.AdminService",
  "weir.api.v1.PublishService",
  "weir.api.v1.HistoryService",
  "weir.api.v1.PresenceService"
]

const methods = ["v1", "v1alpha"].map((version) => ({
  path: `/grpc.reflection.${version}.ServerReflection/ServerReflectionInfo`,
  requestStream: true,
  responseStream: true
}))

export const reflection = (): OnDemandService =>
  onDemand(methods, () => {
    const loader: typeof import("@grpc/proto-loader") = require("@grpc/proto-loader")
    const library: typeof import("@grpc/reflection") = require("@grpc/reflection")
    const image = readFileSync(fileURLToPath(import.meta.resolve("@weir/proto/image")))
    const definitions = loader.loadFileDescriptorSetFromBuffer(image, { keepCase: true })
    const service = new library.ReflectionService(definitions, { services: publicServices })
    return service.addToServer.bind(service)
  })
