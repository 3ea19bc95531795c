/**
 * FramedPublication: a publication that several clients are given apart from the others, and
 * its frames as far as somebody was given them.
 */
import type { Position } from "@weir/core/Position"
import type { EncodedPublication } from "@weir/wire/Publications"
import { type Framing, framePublications } from "./Framing.ts"

export class FramedPublication {
  readonly position: Position
  readonly #entry: EncodedPublication
  readonly #frames = new Map<Framing, Buffer>()

  constructor(entry: EncodedPublication) {
    this.#entry = entry
    this.position = entry.publication.position
  }

  framed(framing: Framing): Buffer {
    let frames = this.#frames.get(framing)
    if (frames === undefined) {
      frames = framePublications(framing, [this.#entry], Date.now())
      this.#frames.set(framing, frames)
    }
    return frames
  }
}
