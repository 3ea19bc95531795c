/**
 * Target: whom an administrator means, on the command line.
 */
import { type TargetType, targetTypes } from "@weir/core/Restriction"
import type { Target as TargetMessage } from "@weir/proto/api/v1/admin"
import { Effect } from "effect"
import { Argument } from "effect/cli"
import { type CommandFailed, wrongUsage } from "./CommandFailed.ts"

/** `user ann`, `address 10.0.0.0/8`, `everybody`. */
export const target = {
  type: Argument.String("type").pipe(
    Argument.withDescription(`one of ${targetTypes.join(", ")}`),
    Argument.filter(
      (text) => (targetTypes as ReadonlyArray<string>).includes(text),
      () => `one of ${targetTypes.join(", ")}`
    )
  ),
  value: Argument.String("value").pipe(
    Argument.withDescription("which one; nothing for everybody"),
    Argument.withDefault("")
  )
}

export interface TargetArguments {
  readonly type: string
  readonly value: string
}

export const targetOf = ({
  type,
  value
}: TargetArguments): Effect.Effect<TargetMessage, CommandFailed> => {
  const kind = type as TargetType
  if (kind === "everybody") {
    return value === ""
      ? Effect.succeed({ target: { $case: "everybody", value: true } })
      : Effect.fail(wrongUsage("everybody has no value"))
  }
  if (value === "") return Effect.fail(wrongUsage(`which ${kind}? such as: ${kind} NAME`))
  const $case = kind === "token" ? "tokenId" : kind
  return Effect.succeed({ target: { $case, value } })
}

/** As it is written on the command line. */
export const targetText = (message: TargetMessage | undefined): string => {
  const named = message?.target
  if (named === undefined) return ""
  if (named.$case === "everybody") return "everybody"
  return `${named.$case === "tokenId" ? "token" : named.$case} ${named.value}`
}
