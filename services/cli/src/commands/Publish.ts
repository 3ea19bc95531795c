/**
 * Publish: one message from the command line, or one for each line of standard input.
 */
import { randomBytes } from "node:crypto"
import { type PublishRequest, PublishServiceDefinition } from "@weir/proto/api/v1/publish"
import { Effect, Option } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Api from "../Api.ts"
import { refused } from "../CommandFailed.ts"
import { fromText } from "../Content.ts"
import * as Flags from "../Flags.ts"
import { tellAccepted } from "../PublicationText.ts"
import { publishInput } from "../PublishInput.ts"

const publishOne = (flags: Flags.ApiFlags, json: boolean, request: PublishRequest) =>
  Api.ask(PublishServiceDefinition, flags, (client, options) =>
    Effect.flatMap(client.publish(request, options), ({ duplicate, position }) =>
      position === undefined
        ? Effect.fail(refused("the router gave no position"))
        : Effect.sync(() => tellAccepted(request.channel, { position, duplicate }, json))
    )
  )

export const publish = Command.make(
  "publish",
  {
    channel: Argument.String("channel"),
    data: Argument.String("data").pipe(
      Argument.withDescription("JSON, or else text; without it, or with -, lines are read"),
      Argument.optional
    ),
    messageId: Flag.String("message-id").pipe(
      Flag.withMetavar("ID"),
      Flag.withDescription("publishes nothing if it was published before; of lines: ID-1, ID-2, …"),
      Flag.optional
    ),
    conflateKey: Flag.String("conflate-key").pipe(
      Flag.withMetavar("KEY"),
      Flag.withDescription("what it is the newest of, where the namespace conflates by key"),
      Flag.withDefault("")
    ),
    json: Flags.json,
    ...Flags.api
  },
  ({ channel, conflateKey, data, json, messageId, ...flags }) => {
    // With an id, what was sent can be sent again.
    const id = Option.getOrElse(messageId, () => `cli-${randomBytes(8).toString("hex")}`)
    const text = Option.getOrElse(data, () => "-")
    return text === "-"
      ? publishInput(flags, { channel, id, key: conflateKey, json })
      : publishOne(flags, json, { channel, messageId: id, key: conflateKey, ...fromText(text) })
  }
).pipe(
  Command.withShortDescription("publish a message, or each line of standard input"),
  Command.withDescription(
    `Publishes a message on a channel, as a service does, and prints its position.

  Without DATA each line of standard input is a message. They keep their order, and each is
  published once, also when the router ends and comes back meanwhile. Blank lines are left out.`
  ),
  Command.withExamples([
    { command: `weir publish chat:lobby '{"text":"hi"}'`, description: "JSON" },
    { command: "weir publish chat:lobby 'Dinner is ready'", description: "Text" },
    {
      command: "tail -f access.log | weir publish live:access",
      description: "Whatever a program writes, line by line"
    },
    {
      command: `weir publish chat:lobby --message-id order-17 '{"paid":true}'`,
      description: "Once, however often it is run within two minutes"
    }
  ])
)
