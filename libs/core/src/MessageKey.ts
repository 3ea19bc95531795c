/**
 * MessageKey: what names a message within its channel: who published it, and by which id.
 */

/** The length keeps ("a", "b:c") apart from ("a:b", "c"). */
export const messageKey = (publisher: string, messageId: string): string =>
  `${publisher.length}:${publisher}${messageId}`
