/**
 * SortedIds: a set of ids in order, cheap to change and to read from anywhere.
 *
 * Runs of at most 512 ids: a change moves one run's ids and a page reads its
 * own. One array would move 100,000 ids on every join of a full roster; sorting
 * on demand would cost as much for every client that asks who is here.
 */
const maxRun = 512

/** The first of `length` places that is not below; all below come first. */
const search = (length: number, isBelow: (place: number) => boolean): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (isBelow(middle)) low = middle + 1
    else high = middle
  }
  return low
}

export class SortedIds {
  /** None is empty. */
  readonly #runs: Array<Array<string>> = []

  /** The id must not be in the set. */
  add(id: string): void {
    const at = this.#runOf(id)
    const run = this.#runs[at]
    if (run === undefined) {
      this.#runs.push([id])
      return
    }
    run.splice(
      search(run.length, (i) => run[i]! < id),
      0,
      id
    )
    if (run.length > maxRun) this.#runs.splice(at + 1, 0, run.splice(maxRun / 2))
  }

  /** The id must be in the set. */
  remove(id: string): void {
    const at = this.#runOf(id)
    const run = this.#runs[at]!
    run.splice(
      search(run.length, (i) => run[i]! < id),
      1
    )
    if (run.length === 0) this.#runs.splice(at, 1)
  }

  /** Those behind an id, which need not be in the set. */
  *after(id: string): Generator<string> {
    const first = this.#runOf(id)
    for (let at = first; at < this.#runs.length; at++) {
      const run = this.#runs[at]!
      const from = at === first ? search(run.length, (i) => run[i]! <= id) : 0
      for (let i = from; i < run.length; i++) yield run[i]!
    }
  }

  /** The run that holds the id, or would. */
  #runOf(id: string): number {
    return Math.max(0, search(this.#runs.length, (at) => this.#runs[at]![0]! <= id) - 1)
  }
}
