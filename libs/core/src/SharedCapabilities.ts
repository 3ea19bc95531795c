/**
 * SharedCapabilities: capabilities that are written the same as one value.
 *
 * Most clients may do the same as many others, and what they may do is the largest part of
 * an identity: 1 KB with two patterns and all verbs. Found by the text that they came as,
 * they are not read again; to write them out for the comparison took 1.8 % of a handshake.
 */
import { type Capabilities, parseCapabilities } from "./Capability.ts"

/** Clients with patterns of their own share with nobody: no more are remembered. */
const maxKnown = 1_000

export class SharedCapabilities {
  readonly #known = new Map<string, Capabilities>()

  /** What this text says, which `read` takes apart if it is not known; or what is wrong with it. */
  of(text: string, read: () => unknown): Capabilities | string {
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const capabilities = parseCapabilities(read())
    if (typeof capabilities === "string") return capabilities
    // Who shares already goes on sharing.
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.set(text, capabilities)
    return capabilities
  }
}
