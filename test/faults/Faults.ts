/**
 * Faults: what a bad network does to the bytes of a connection.
 */
export interface Faults {
  readonly delayMs?: number
  /** Added to the delay of each chunk, from 0 to this. Order is kept. */
  readonly jitterMs?: number
  /** Half-open: what the target sends vanishes, and its ends too; nobody is told. */
  readonly dropToClient?: boolean
  /** The same for what clients send. */
  readonly dropToServer?: boolean
  /** Of each direction of each connection. */
  readonly bytesPerSecond?: number
  /** Each segment holds at most this many bytes. */
  readonly sliceBytes?: number
}
