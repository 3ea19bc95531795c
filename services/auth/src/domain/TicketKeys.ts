/**
 * TicketKeys: the two live keys of tickets, newest first.
 *
 * Connectors sign with the first and accept both, so that a ticket outlives the
 * next rotation and no connector has to ask anybody about it.
 */
export interface TicketKey {
  readonly id: string
  readonly secret: Uint8Array
}

export const ticketSecretBytes = 32

export type TicketKeys = readonly [newest: TicketKey, previous: TicketKey]

export const rotated = ([newest]: TicketKeys, next: TicketKey): TicketKeys => [next, newest]
