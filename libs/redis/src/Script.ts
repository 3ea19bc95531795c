/**
 * Script: Lua that Redis runs as one step, known to it by its digest.
 */
import { createHash } from "node:crypto"

export interface Script {
  /** For logs and metrics. */
  readonly name: string
  readonly lua: string
  readonly sha1: string
}

export const script = (name: string, lua: string): Script => ({
  name,
  lua,
  sha1: createHash("sha1").update(lua).digest("hex")
})
