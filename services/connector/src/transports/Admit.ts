/**
 * Admit: whether a client may open a connection or a session at all, whichever door it is at.
 */
import { type Failure, failure } from "@weir/core/Failure"
import type { Connector } from "../Connector.ts"
import type { ConnectorConfig } from "../ConnectorConfig.ts"
import { refusedHandshakes } from "../ConnectorMetrics.ts"
import { checkOrigin, exemptAddresses, Handshakes } from "../domain/Admission.ts"

export interface Admitted {
  /** Limits on rates do not concern its address. */
  readonly exempt: boolean
}

export interface Doorkeeper {
  readonly checkOrigin: (origin: string | undefined) => Failure | undefined
  /** Takes from what the address may have. */
  readonly admit: (address: string) => Admitted | Failure
  /** Counts a refusal, and gives it back. */
  readonly refused: (failure: Failure) => Failure
  /** Nobody is admitted any more: this node ends. */
  readonly shut: () => void
}

export const makeDoorkeeper = (
  connector: Connector["Service"],
  { limits, origins: configured }: ConnectorConfig,
  ownOrigins: ReadonlyArray<string>
): Doorkeeper => {
  const isExempt = exemptAddresses(limits.exempt)
  const handshakes = new Handshakes(limits.handshakesPerAddress)
  const origins = [...configured, ...ownOrigins]
  let isShut = false
  return {
    checkOrigin: (origin) => checkOrigin(origins, origin),
    admit: (address) => {
      // Another one may have it at once, and this one, started again, in a moment.
      if (isShut) return failure("unavailable", "this node is going away", 1_000)
      if (connector.sessions().size >= limits.connectionsPerNode) {
        // At random, so that those who were refused together do not come back together.
        const retryAfterMs = 1_000 + Math.random() * 9_000
        return failure("unavailable", "this node is full", Math.floor(retryAfterMs))
      }
      const exempt = isExempt(address)
      const tooOften = exempt ? undefined : handshakes.admit(address, Date.now())
      return tooOften ?? { exempt }
    },
    refused: (failure) => {
      refusedHandshakes(failure.code).add()
      return failure
    },
    shut: () => {
      isShut = true
    }
  }
}
