/**
 * ClusterKeySlot: the types that the package cluster-key-slot does not bring.
 */
declare module "cluster-key-slot" {
  /** CRC16 of the key, or of its hash tag, modulo 16,384. */
  const slotOf: (key: string | Buffer) => number
  export default slotOf
}
