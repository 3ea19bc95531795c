/**
 * TcpProbe: does anybody listen at an address?
 *
 * Only a refusal says no. Silence may be the network, and whoever accepts may
 * still be unable to answer.
 */
import { connect } from "node:net"
import { Effect } from "effect"

export type ProbeResult = "refused" | "accepted" | "unknown"

/** At most as long as a refusal takes within a data centre, many times over. */
const timeoutMs = 200

const lastColon = (address: string): number => address.lastIndexOf(":")

/** `address`: host:port, an IPv6 host in brackets. */
export const probe = (address: string): Effect.Effect<ProbeResult> =>
  Effect.callback<ProbeResult>((resume) => {
    const host = address.slice(0, lastColon(address)).replace(/^\[|\]$/g, "")
    const socket = connect({ host, port: Number(address.slice(lastColon(address) + 1)) })
    const end = (result: ProbeResult) => {
      socket.destroy()
      resume(Effect.succeed(result))
    }
    socket.setTimeout(timeoutMs, () => end("unknown"))
    socket.once("connect", () => end("accepted"))
    // Stays after the end: a destroyed socket may still say why.
    socket.on("error", (error: NodeJS.ErrnoException) =>
      end(error.code === "ECONNREFUSED" ? "refused" : "unknown")
    )
    return Effect.sync(() => socket.destroy())
  })
