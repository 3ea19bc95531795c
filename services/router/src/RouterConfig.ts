/**
 * RouterConfig: what the router takes from the settings.
 */
import type { Settings } from "@weir/config/Settings"
import type { ApiKey } from "@weir/core/ApiKey"
import type { Namespaces } from "@weir/core/Namespace"

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

export const fromSettings = (settings: Settings): RouterConfig => ({
  node: settings.node,
  host: settings.host,
  meshPort: settings.meshPort,
  grpcPort: settings.grpcPort,
  namespaces: settings.namespaces,
  publicationBytes: settings.limits.publicationBytes,
  apiKeys: settings.apiKeys
})
