/**
 * Admit: whether a client may open a connection or a session at all, whichever door it is at.
 */
import { addressesIn } from "@weir/core/AddressRanges"
import { type Failure, failure } from "@weir/core/Failure"
import { peerAddress } from "@weir/socket/PeerAddress"
import type { Connector } from "../Connector.ts"
import type { ConnectorConfig } from "../ConnectorConfig.ts"
import { refusedHandshakes } from "../ConnectorMetrics.ts"
import { checkOrigin, Handshakes } from "../domain/Admission.ts"
import { type Admitted, type NodeAdmission, NotAdmitted } from "../domain/NodeAdmission.ts"

export interface Doorkeeper {
  readonly checkOrigin: (origin: string | undefined) => Failure | undefined
  /** Takes from what the address may have, and from what the node has for all of them. */
  readonly admit: (peer: string, forwarded: string | undefined) => Admitted | Failure
  /** Counts a refusal, and gives it back. */
  readonly refused: (failure: Failure) => Failure
}

const banned = new NotAdmitted(
  "banned",
  failure("permission_denied", "this address may not connect")
)

/** Somebody else's may end at any time. */
const comeAgainMs = 10_000

const tooManyFrom = (limit: number) =>
  new NotAdmitted(
    "address_connections",
    failure("too_many_requests", `connections: ${limit} from one address`, comeAgainMs)
  )

export const makeDoorkeeper = (
  connector: Pick<Connector["Service"], "connectionsFrom" | "sessions">,
  admission: NodeAdmission,
  isBanned: (address: string) => boolean,
  { limits, origins: configured, trustedProxies }: ConnectorConfig,
  ownOrigins: ReadonlyArray<string>
): Doorkeeper => {
  const isExempt = addressesIn(limits.exempt)
  const isProxy = addressesIn(trustedProxies)
  const handshakes = new Handshakes(limits.handshakesPerAddress)
  const origins = [...configured, ...ownOrigins]
  return {
    checkOrigin: (origin) => checkOrigin(origins, origin),
    admit: (peer, forwarded) => {
      const address = peerAddress(peer, forwarded, isProxy)
      const now = performance.now()
      if (isBanned(address)) return banned
      const exempt = isExempt(address)
      const { connectionsPerAddress: most } = limits
      if (!exempt && most > 0 && connector.connectionsFrom(address) >= most) {
        return tooManyFrom(most)
      }
      // First, so that one address cannot use up what is there for all.
      const tooOften = exempt ? undefined : handshakes.admit(address, now)
      if (tooOften !== undefined) return new NotAdmitted("address_rate", tooOften)
      const isFull = connector.sessions().size >= limits.connectionsPerNode
      return admission.handshake(now, isFull) ?? { from: address, exempt }
    },
    refused: (failure) => {
      refusedHandshakes(failure instanceof NotAdmitted ? failure.reason : failure.code).add()
      return failure
    }
  }
}
