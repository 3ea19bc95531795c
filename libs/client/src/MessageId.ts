/**
 * MessageId: names one message, so that sending it again cannot double it.
 */

/** 32 hex digits. `crypto.randomUUID` would do, but pages served over plain HTTP lack it. */
export const newMessageId = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0")
  ).join("")
