/**
 * SharedCapabilities: equal capabilities as one value.
 *
 * Most clients may do the same as many others, and what they may do is the largest part of
 * an identity: 1 KB with two patterns and all verbs.
 */
import type { Capabilities } from "@weir/core/Capability"

/** Clients with patterns of their own share with nobody: no more are remembered. */
const maxKnown = 1_000

export class SharedCapabilities {
  readonly #known = new Map<string, Capabilities>()

  /** The one that equals this. */
  of(capabilities: Capabilities): Capabilities {
    const key = JSON.stringify(capabilities)
    const known = this.#known.get(key)
    if (known !== undefined) return known
    // Who shares already goes on sharing.
    if (this.#known.size >= maxKnown) this.#known.clear()
    this.#known.set(key, capabilities)
    return capabilities
  }
}
