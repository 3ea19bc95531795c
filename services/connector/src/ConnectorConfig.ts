/**
 * ConnectorConfig: what the connector takes from the settings.
 */
import type { Limits, RpcHandlerSettings, Settings } from "@weir/config/Settings"
import type { ApiKey } from "@weir/core/ApiKey"
import type { DrainSettings } from "@weir/core/DrainSettings"
import type { Namespaces } from "@weir/core/Namespace"

export interface ConnectorConfig {
  readonly node: string
  readonly host: string
  readonly httpPort: number
  readonly meshPort: number
  readonly namespaces: Namespaces
  readonly limits: Limits
  /** Address ranges of proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: ReadonlyArray<string>
  /** WebSockets are compressed, where the client offers it. */
  readonly compression: boolean
  readonly drain: DrainSettings
  /** Exact origins; a program sends none and needs no permission. */
  readonly origins: ReadonlyArray<string>
  /** Serve /dev/token, and let pages of this very listener connect. */
  readonly development: boolean
  /** Serve the publish API over HTTP, too. */
  readonly httpApi: boolean
  /** Whose keys the API takes. */
  readonly apiKeys: ReadonlyArray<ApiKey>
  /** Who answers clients' `rpc`. */
  readonly rpc: ReadonlyArray<RpcHandlerSettings>
  /** A directory with a page to serve at `/`. */
  readonly pageDirectory: string | undefined
}

/**
 * Messages up to this are answered with `payload_too_large`. Beyond it nothing is read: a WebSocket
 * ends with 1009, a request with 413.
 */
export const maxMessageBytes = ({ frameBytes }: Limits): number => 4 * frameBytes

export const fromSettings = (settings: Settings, pageDirectory?: string): ConnectorConfig => ({
  node: settings.node,
  host: settings.host,
  httpPort: settings.httpPort,
  meshPort: settings.meshPort,
  namespaces: settings.namespaces,
  limits: settings.limits,
  trustedProxies: settings.trustedProxies,
  compression: settings.compression,
  drain: settings.drain,
  origins: settings.origins,
  development: settings.development,
  httpApi: settings.httpApi,
  apiKeys: settings.apiKeys,
  rpc: settings.rpc,
  pageDirectory
})
