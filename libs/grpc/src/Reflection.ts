/**
 * Reflection: lets a gRPC client learn the API from the server alone.
 *
 * Serves the committed image of `proto/`, the same one that `buf breaking`
 * compares with.
 */
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as loader from "@grpc/proto-loader"
import { ReflectionService } from "@grpc/reflection"

/** Only the public API: who may reach the mesh knows it already. */
const publicServices = [
  "weir.api.v1.AdminService",
  "weir.api.v1.PublishService",
  "weir.api.v1.HistoryService",
  "weir.api.v1.PresenceService"
]

export const reflection = (): ReflectionService => {
  const image = readFileSync(fileURLToPath(import.meta.resolve("@weir/proto/image")))
  const definitions = loader.loadFileDescriptorSetFromBuffer(image, { keepCase: true })
  return new ReflectionService(definitions, { services: publicServices })
}
