/**
 * CloseCode: every way a connection ends, as a closed table.
 *
 * The ranges answer the client's one question without a table of its own:
 * 3000–3499 and 4000–4499 come back, 3500–3999 and 4500–4999 do not.
 */

/** When a client comes back: a random moment in this range, in milliseconds. */
export interface Spread {
  readonly min: number
  readonly max: number
}

export interface CloseCode {
  readonly code: number
  readonly name: string
  readonly meaning: string
  readonly mayReturn: boolean
  /** Present where all clients may be closed at once, and must not return at once. */
  readonly after?: Spread
}

export const closeCodes = {
  shutdown: {
    code: 3001,
    name: "shutdown",
    meaning: "This node is going away; another one, or this one restarted, will take the client.",
    mayReturn: true,
    after: { min: 100, max: 3000 }
  },
  token_expired: {
    code: 3005,
    name: "token_expired",
    meaning: "The token ran out; come back with a new one.",
    mayReturn: true
  },
  slow_consumer: {
    code: 3008,
    name: "slow_consumer",
    meaning: "The client reads slower than its channels publish; resume to fetch what is missing.",
    mayReturn: true
  },
  rebalance: {
    code: 3011,
    name: "rebalance",
    meaning: "Connections are being spread anew over the nodes.",
    mayReturn: true,
    after: { min: 0, max: 5000 }
  },
  no_pong: {
    code: 3012,
    name: "no_pong",
    meaning: "The client did not answer a ping in time.",
    mayReturn: true
  },
  too_many_requests: {
    code: 3013,
    name: "too_many_requests",
    meaning: "The client went on over its limits after being refused.",
    mayReturn: true,
    after: { min: 1000, max: 5000 }
  },
  invalid_token: {
    code: 3500,
    name: "invalid_token",
    meaning: "The token or ticket is missing, expired, forged or not for this service.",
    mayReturn: false
  },
  bad_request: {
    code: 3501,
    name: "bad_request",
    meaning: "The client broke the protocol: before `connected`, or repeatedly.",
    mayReturn: false
  },
  connect_timeout: {
    code: 3502,
    name: "connect_timeout",
    meaning: "No `connect` came in time.",
    mayReturn: false
  },
  disconnected: {
    code: 3503,
    name: "disconnected",
    meaning: "An administrator ended the connection.",
    mayReturn: false
  },
  connection_limit: {
    code: 3504,
    name: "connection_limit",
    meaning: "The user or address has too many connections.",
    mayReturn: false
  },
  revoked: { code: 3505, name: "revoked", meaning: "The token was revoked.", mayReturn: false },
  banned: {
    code: 3506,
    name: "banned",
    meaning: "The user or address is banned.",
    mayReturn: false
  },
  permission_denied: {
    code: 3507,
    name: "permission_denied",
    meaning: "The client may not be here at all.",
    mayReturn: false
  },
  unsupported_version: {
    code: 3508,
    name: "unsupported_version",
    meaning: "Client and server share no protocol version.",
    mayReturn: false
  }
} as const satisfies Record<string, CloseCode>

export type CloseName = keyof typeof closeCodes

const names = new Map<number, CloseName>(
  Object.entries(closeCodes).map(([name, { code }]) => [code, name as CloseName])
)

/** The name of a code of ours; undefined for one that is none. */
export const closeNameOf = (code: number): CloseName | undefined => names.get(code)

/** The close reason on the wire: `name`, with the come-back hint where there is one. */
export const closeReason = (close: CloseCode, detail?: string): string => {
  const hint = close.after === undefined ? "" : `;after=${close.after.min}-${close.after.max}`
  // RFC 6455 leaves 123 bytes for a reason. Details may quote a client, in any script:
  // as ASCII, characters are bytes.
  const ascii = detail?.replace(/[^\x20-\x7e]/g, "?")
  return (
    `${close.name}${ascii === undefined ? "" : `: ${ascii}`}`.slice(0, 123 - hint.length) + hint
  )
}
