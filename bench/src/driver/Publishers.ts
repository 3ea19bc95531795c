/**
 * Publishers: which file knows how one publishes where. A driver loads but the one that
 * it needs.
 */
import type { Publishing } from "../System.ts"
import type { OpenPublisher } from "./Publisher.ts"

export const openPublisher: OpenPublisher<Publishing> = async (publishing, onFailure) => {
  switch (publishing.kind) {
    case "weir":
      return (await import("./publishers/Weir.ts")).open(publishing, onFailure)
    case "control":
      return (await import("./publishers/Control.ts")).open(publishing, onFailure)
    case "nats":
      return (await import("./publishers/Nats.ts")).open(publishing, onFailure)
    case "nchan":
      return (await import("./publishers/Nchan.ts")).open(publishing, onFailure)
    case "centrifugo":
      return (await import("./publishers/Centrifugo.ts")).open(publishing, onFailure)
  }
}
