/**
 * Clock: microseconds that only go forward, the same for the publisher and the
 * subscribers of a driver because both are in one process.
 */
export const nowMicros = (): number => Math.floor(performance.now() * 1000)
