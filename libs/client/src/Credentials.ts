/**
 * Credentials: what the client proves itself with at the next connect.
 *
 * A ticket from the last `connected` is preferred: any connector checks it by
 * itself, so a crowd that reconnects does not ask the auth service, nor the
 * program's token endpoint. A refused ticket is forgotten and the token tried.
 */
import type { Ending } from "./Ending.ts"
import { INVALID_TOKEN, TOKEN_EXPIRED } from "./Ending.ts"

export type TokenSource = string | (() => string | Promise<string>)

export type Credential = { readonly ticket: string } | { readonly token: string }

export class Credentials {
  readonly #token: TokenSource
  #ticket: { readonly value: string; readonly goodUntil: number } | undefined
  #offeredTicket = false

  constructor(token: TokenSource) {
    this.#token = token
  }

  /** Can a new token be had, when the present one runs out? */
  get isRenewable(): boolean {
    return typeof this.#token === "function"
  }

  async next(): Promise<Credential> {
    const ticket = this.#ticket
    this.#offeredTicket = ticket !== undefined && performance.now() < ticket.goodUntil
    return this.#offeredTicket ? { ticket: ticket!.value } : { token: await this.token() }
  }

  async token(): Promise<string> {
    return typeof this.#token === "function" ? await this.#token() : this.#token
  }

  /** Keeps a ticket for as long as the server's own clock (`ts`) gives it, whatever ours says. */
  keep(ticket: string | undefined, expiresAt: number | undefined, ts: number): void {
    if (!ticket) return
    const leftMs = expiresAt ? expiresAt - ts : Number.POSITIVE_INFINITY
    this.#ticket = { value: ticket, goodUntil: performance.now() + leftMs }
  }

  /** Learns from the end of a connection: true if a token may do where the ticket was refused. */
  hasAnother({ code }: Ending): boolean {
    if (code !== INVALID_TOKEN && code !== TOKEN_EXPIRED) return false
    this.#ticket = undefined
    return code === INVALID_TOKEN && this.#offeredTicket
  }
}
