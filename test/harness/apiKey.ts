/**
 * apiKey: an API key as its holder knows it, and as the configuration does.
 */
import { createHash } from "node:crypto"

type Capabilities = Readonly<Record<string, ReadonlyArray<string>>>

export const apiKey = (id: string, capabilities: Capabilities) => {
  const key = `the key of ${id}`.replaceAll(" ", "-")
  const sha256 = createHash("sha256").update(key).digest("hex")
  return { key, settings: { id, sha256, capabilities } }
}
