/**
 * Claims: places that were asked for, and who waits for the answer.
 */
import { Effect } from "effect"

/** Who connects waits for it: then it is decided without. */
const patience = "1 second"

interface Waiting {
  readonly node: string
  readonly answer: (granted: boolean | undefined) => void
}

export class Claims {
  /** As many as clients connect at the moment, or as are here while a node is told of all. */
  readonly #waiting = new Map<number, Waiting>()
  #last = 0

  /** The number of a claim that goes to a node; its answer, or undefined if that is lost. */
  begin(node: string, answer: Waiting["answer"]): number {
    const id = ++this.#last
    this.#waiting.set(id, { node, answer })
    return id
  }

  /**
   * Undefined: nobody can tell. `send`: asks under a number; false: nobody is there. `late` is
   * called with an answer that comes after that.
   */
  ask(
    node: string,
    send: (id: number) => boolean,
    late: Waiting["answer"]
  ): Effect.Effect<boolean | undefined> {
    const asked = Effect.callback<boolean | undefined>((resume) => {
      const id = this.begin(node, (granted) => resume(Effect.succeed(granted)))
      if (!send(id)) this.#settle(id, undefined)
      return Effect.sync(() => {
        if (this.#waiting.has(id)) this.#waiting.set(id, { node, answer: late })
      })
    })
    return Effect.timeoutOrElse(asked, { duration: patience, orElse: () => Effect.undefined })
  }

  answered(id: number, granted: boolean): void {
    this.#settle(id, granted)
  }

  /** The node was lost, and with it its answers. */
  lost(node: string): void {
    for (const [id, waiting] of this.#waiting)
      if (waiting.node === node) this.#settle(id, undefined)
  }

  #settle(id: number, granted: boolean | undefined): void {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.answer(granted)
  }
}
