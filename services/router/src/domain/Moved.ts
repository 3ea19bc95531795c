/**
 * Moved: somebody else owns the shard, or will: ask there. Nothing was done.
 */
import { Data } from "effect"

export class Moved extends Data.TaggedError("Moved")<{
  readonly shard: number
  /** The last term under which this router owned it. */
  readonly term: number
  readonly owner: string
  readonly view: number
}> {}
