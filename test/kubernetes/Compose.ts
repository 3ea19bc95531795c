/**
 * Compose: the containers of Weir that `compose.yaml` describes.
 */
import { readFileSync } from "node:fs"
import { dirname, resolve } from "node:path"
import * as Yaml from "effect/encoding/Yaml"
import type { Payload } from "../harness/WireClient.ts"

export interface ComposeService {
  readonly name: string
  readonly command: ReadonlyArray<string>
  readonly environment: Readonly<Record<string, string>>
  /** Of this machine, by their paths in the container. */
  readonly files: Readonly<Record<string, string>>
  /** As `address:port:port`. */
  readonly ports: ReadonlyArray<string>
  readonly graceSeconds: number
  readonly healthcheck: ReadonlyArray<string>
  readonly definition: Payload
}

export const readCompose = (
  path: string
): { readonly weir: ReadonlyArray<ComposeService>; readonly redis: Payload } => {
  const { services } = Yaml.parse(readFileSync(path, "utf8")) as Payload
  const { redis, ...others } = services
  const weir = Object.entries<Payload>(others).map(([name, definition]) => ({
    name,
    command: definition.command,
    environment: definition.environment,
    files: Object.fromEntries(
      definition.volumes.map((volume: string) => {
        const [here = "", there = ""] = volume.split(":")
        return [there, resolve(dirname(path), here)]
      })
    ),
    ports: definition.ports ?? [],
    graceSeconds: Number(/^(\d+)s$/.exec(definition.stop_grace_period)![1]),
    healthcheck: definition.healthcheck.test,
    definition
  }))
  return { weir, redis }
}
