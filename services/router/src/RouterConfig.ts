/**
 * RouterConfig: what the router takes from the settings.
 */

import type { Settings } from "@weir/config/Settings"
import type { Namespaces } from "@weir/core/Namespace"
import { type ApiKey, digestOf } from "./domain/ApiKeys.ts"

export interface RouterConfig {
  readonly node: string
  readonly host: string
  readonly meshPort: number
  /** The publish API. */
  readonly grpcPort: number
  readonly namespaces: Namespaces
  readonly publicationBytes: number
  readonly apiKeys: ReadonlyArray<ApiKey>
}

/** Known to everybody, and so only for development, on loopback. */
const developmentKey = (namespaces: Namespaces): ApiKey => ({
  id: "dev-key",
  sha256: digestOf("dev-key"),
  capabilities: [...namespaces.keys()].map((namespace) => ({
    pattern: `${namespace}:*`,
    verbs: ["publish", "history", "presence"]
  }))
})

export const fromSettings = (settings: Settings): RouterConfig => ({
  node: settings.node,
  host: settings.host,
  meshPort: settings.meshPort,
  grpcPort: settings.grpcPort,
  namespaces: settings.namespaces,
  publicationBytes: settings.limits.publicationBytes,
  apiKeys: settings.development
    ? [...settings.apiKeys, developmentKey(settings.namespaces)]
    : settings.apiKeys
})
