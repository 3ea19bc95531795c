/**
 * ShardRecord: who owns a shard, as everybody can read it.
 */
export interface ShardRecord {
  readonly node: string
  readonly term: number
  /** Version of the view that the node acted on. */
  readonly view: number
}
