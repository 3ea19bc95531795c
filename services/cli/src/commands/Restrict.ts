/**
 * Restrict: the commands that take something from somebody, and those that give it back.
 */
import type { RestrictionKind } from "@weir/core/Restriction"
import { AdminServiceDefinition, type Restriction } from "@weir/proto/api/v1/admin"
import { Effect, Option } from "effect"
import { Command, Flag } from "effect/cli"
import * as Api from "../Api.ts"
import { type CommandFailed, wrongUsage } from "../CommandFailed.ts"
import * as Flags from "../Flags.ts"
import { note, print, printJson } from "../Output.ts"
import { type TargetArguments, target, targetOf, targetText } from "../Target.ts"

const needs = 'Needs an API key with "admin": true in the configuration.'

const reason = Flag.String("reason").pipe(
  Flag.withMetavar("TEXT"),
  Flag.withDescription("for those who administer; clients are not told"),
  Flag.withDefault("")
)

const secondsIn = { s: 1, m: 60, h: 3_600, d: 86_400 } as const

const duration = Flag.String("for").pipe(
  Flag.withMetavar("TIME"),
  Flag.withDescription("how long, such as 30s, 10m, 2h or 7d (for good)"),
  Flag.filter(
    (text) => /^[1-9]\d{0,6}[smhd]$/.test(text),
    () => "a time such as 30s, 10m, 2h or 7d"
  ),
  Flag.map((text) => Number(text.slice(0, -1)) * secondsIn[text.at(-1) as keyof typeof secondsIn]),
  Flag.withDefault(0)
)

const issuedBefore = Flag.String("issued-before").pipe(
  Flag.withMetavar("TIME"),
  Flag.withDescription("only tokens issued up to then, such as 2026-11-29T10:00:00Z (now)"),
  Flag.optional
)

const momentOf = (text: Option.Option<string>): Effect.Effect<number, CommandFailed> => {
  if (Option.isNone(text)) return Effect.succeed(0)
  const moment = Date.parse(text.value)
  return Number.isNaN(moment)
    ? Effect.fail(wrongUsage("--issued-before: must be a time such as 2026-11-29T10:00:00Z"))
    : Effect.succeed(moment)
}

interface Asked extends TargetArguments, Flags.ApiFlags {
  readonly reason: string
  readonly json: boolean
  readonly forSeconds: number
  readonly issuedBefore: number
}

const until = (moment: number): string => new Date(moment).toISOString()

const done: { readonly [kind in RestrictionKind]: (it: Restriction) => string } = {
  revoke: (it) => `revoked: tokens of ${targetText(it.target)} issued up to ${until(it.at)}`,
  ban: (it) => `banned: ${targetText(it.target)}, until ${until(it.until)}`,
  mute: (it) => `muted: ${targetText(it.target)}, until ${until(it.until)}`,
  kick: (it) => `kicked: ${targetText(it.target)}`
}

const restrict = Effect.fnUntraced(function* (kind: RestrictionKind, asked: Asked) {
  const { forSeconds, issuedBefore, json, reason, ...flags } = asked
  const whom = yield* targetOf(asked)
  const request = { kind, target: whom, forSeconds, issuedBefore, reason }
  const { restriction } = yield* Api.ask(AdminServiceDefinition, flags, (client, options) =>
    client.restrict(request, options)
  )
  if (json) printJson(restriction!)
  else print(done[kind](restriction!))
})

const lift = (name: string, kind: RestrictionKind, what: string) =>
  Command.make(
    name,
    { ...target, ...Flags.api, json: Flags.json },
    Effect.fn(function* ({ json, type, value, ...flags }) {
      const whom = yield* targetOf({ type, value })
      const { lifted } = yield* Api.ask(AdminServiceDefinition, flags, (client, options) =>
        client.lift({ kind, target: whom }, options)
      )
      if (json) printJson({ lifted })
      else if (lifted) print(`${what} no longer: ${targetText(whom)}`)
      else note(`${targetText(whom)} was not ${what}`)
    })
  )

export const revoke = Command.make(
  "revoke",
  { ...target, issuedBefore, reason, ...Flags.api, json: Flags.json },
  Effect.fn(function* ({ issuedBefore, ...asked }) {
    const moment = yield* momentOf(issuedBefore)
    yield* restrict("revoke", { ...asked, forSeconds: 0, issuedBefore: moment })
  })
).pipe(
  Command.withShortDescription("end what tokens gave that were issued before"),
  Command.withDescription(
    `Closes the connections of a user, a session, one token or everybody, and refuses their tokens
  and tickets that were issued up to now. With a token that is issued later one may connect.

  ${needs}`
  ),
  Command.withExamples([
    { command: "weir revoke user ann", description: "Ann has to sign in again, everywhere" },
    { command: "weir revoke token 7d1c", description: "The token whose jti is 7d1c" },
    {
      command: "weir revoke everybody --issued-before 2026-11-29T10:00:00Z",
      description: "A signing key was stolen at ten"
    }
  ])
)

export const ban = Command.make(
  "ban",
  { ...target, for: duration, reason, ...Flags.api, json: Flags.json },
  Effect.fn(function* ({ for: forSeconds, ...asked }) {
    yield* restrict("ban", { ...asked, forSeconds, issuedBefore: 0 })
  })
).pipe(
  Command.withShortDescription("keep a user or an address out"),
  Command.withDescription(
    `Closes the connections of a user, an address or a range of addresses, and lets none of them
  connect until the ban ends. Of an IPv6 address without a length the /64 is banned.

  ${needs}`
  ),
  Command.withExamples([
    { command: 'weir ban user mallory --for 7d --reason "spam"', description: "For a week" },
    { command: "weir ban address 203.0.113.0/24", description: "For good: weir unban ends it" }
  ])
)

export const mute = Command.make(
  "mute",
  { ...target, for: duration, reason, ...Flags.api, json: Flags.json },
  Effect.fn(function* ({ for: forSeconds, ...asked }) {
    yield* restrict("mute", { ...asked, forSeconds, issuedBefore: 0 })
  })
).pipe(
  Command.withShortDescription("let a user or a session read, and not speak"),
  Command.withDescription(
    `Refuses what a user or a session publishes or signals, until it ends. They hear all they may.

  ${needs}`
  ),
  Command.withExamples([{ command: "weir mute user bob --for 10m", description: "Cool down" }])
)

export const kick = Command.make(
  "kick",
  { ...target, reason, ...Flags.api, json: Flags.json },
  Effect.fn(function* (asked) {
    yield* restrict("kick", { ...asked, forSeconds: 0, issuedBefore: 0 })
  })
).pipe(
  Command.withShortDescription("end open connections"),
  Command.withDescription(
    `Closes the connections that a user, a session or an address has open now. The SDK does not
  connect again by itself; nothing keeps them from it.

  ${needs}`
  ),
  Command.withExamples([{ command: "weir kick user bob", description: "On all devices" }])
)

export const unban = lift("unban", "ban", "banned").pipe(
  Command.withShortDescription("end a ban"),
  Command.withDescription(`Ends a ban of the same user, address or range.\n\n  ${needs}`),
  Command.withExamples([{ command: "weir unban user mallory", description: "She may come back" }])
)

export const unmute = lift("unmute", "mute", "muted").pipe(
  Command.withShortDescription("end a mute"),
  Command.withDescription(`Ends a mute of the same user or session.\n\n  ${needs}`),
  Command.withExamples([{ command: "weir unmute user bob", description: "He may speak again" }])
)
