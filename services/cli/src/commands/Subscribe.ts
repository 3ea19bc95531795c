/**
 * Subscribe: prints what is published, until it is told to end.
 */
import { asWeirError } from "@weir/client/Failure"
import type { WeirClient } from "@weir/client/WeirClient"
import { Effect, Option, Stream } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import { tellPerson, tellProgram } from "../ChannelEventText.ts"
import { refused } from "../CommandFailed.ts"
import * as Edge from "../Edge.ts"
import * as Flags from "../Flags.ts"

const flags = {
  channels: Argument.String("channel").pipe(
    Argument.withDescription("one or several"),
    Argument.variadic({ min: 1 })
  ),
  rewind: Flags.count("rewind").pipe(
    Flag.withDescription("begin with the newest N publications"),
    Flag.optional
  ),
  maxRate: Flags.count("max-rate").pipe(
    Flag.withMetavar("MS"),
    Flag.withDescription("at most one publication in so many milliseconds: the newest"),
    Flag.optional
  ),
  count: Flags.count("count").pipe(Flag.withDescription("end after N publications"), Flag.optional),
  presence: Flags.flag("presence", "tell who comes and goes"),
  signals: Flags.flag("signals", "tell what members say in passing: typing, a cursor"),
  json: Flags.json,
  ...Flags.edge,
  token: Flags.token
}

interface Wanted {
  readonly maxRate: Option.Option<number>
  readonly rewind: Option.Option<number>
  readonly presence: boolean
}

const eventsOf = (client: WeirClient, channel: string, { maxRate, presence, rewind }: Wanted) =>
  Stream.suspend(() =>
    Stream.fromAsyncIterable(
      client.events(channel, {
        presence,
        maxRateMs: Option.getOrUndefined(maxRate),
        ...(Option.isSome(rewind) ? { rewind: { last: rewind.value } } : {})
      }),
      (cause) => {
        const { code, message } = asWeirError(cause, "internal")
        return refused(`${channel}: ${message} (${code})`)
      }
    )
  )

export const subscribe = Command.make(
  "subscribe",
  flags,
  Effect.fn(function* ({ channels, count, json, signals, ...wanted }) {
    const names = [...new Set(channels)]
    let left = Option.getOrElse(count, () => Number.POSITIVE_INFINITY)
    const { client, lost } = yield* Edge.open(wanted)
    const events = Stream.mergeAll(
      names.map((channel) => eventsOf(client, channel, wanted)),
      { concurrency: "unbounded" }
    )
    const told = Stream.runForEachWhile(events, (event) =>
      Effect.sync(() => {
        if (event.type === "signal" && !signals) return true
        if (json) tellProgram(event)
        else tellPerson(event, names.length > 1)
        if (event.type === "publication") left--
        return left > 0
      })
    )
    yield* Effect.raceFirst(told, lost)
  }, Effect.scoped)
).pipe(
  Command.withShortDescription("print what is published, as it comes"),
  Command.withDescription(
    `Prints what is published on channels, as it comes: when, who, what.

  It goes on through restarts of the server and lost networks, tells of both on standard
  error, and says what was missed where something was. Ctrl-C ends it, with exit code 0.
  With --json each line has a type: publication, gap, subscribed, presence or signal.`
  ),
  Command.withExamples([
    { command: "weir subscribe chat:lobby", description: "Follow a room" },
    {
      command: "weir subscribe chat:lobby --rewind 20 --presence",
      description: "Begin with its last twenty messages, and see who comes and goes"
    },
    {
      command: "weir subscribe live:prices --count 1 --json | jq .data",
      description: "Take the next price, for a script"
    }
  ])
)
