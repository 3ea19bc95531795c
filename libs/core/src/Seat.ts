/**
 * Seat: where a user's connections are counted: in the roster of a channel that no client can
 * name, since `$` is not allowed in a namespace.
 */
const prefix = "$user:"

export const seatOf = (user: string): string => `${prefix}${user}`

/** Who is there is no member that anybody announced. */
export const isSeat = (channel: string): boolean => channel.startsWith(prefix)
