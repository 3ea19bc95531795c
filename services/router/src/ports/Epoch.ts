/**
 * Epoch: the name of one life of a log.
 */

/** 8 characters of 0-9 and a-z: two lives of one channel never meet under one name. */
export const newEpoch = (): string => {
  const random = crypto.getRandomValues(new Uint32Array(2))
  return `${random[0]!.toString(36)}${random[1]!.toString(36)}`.slice(0, 8).padEnd(8, "0")
}
