/**
 * Help: how the command line is explained, and what is said when it is wrong: one line, which
 * names the help that shows how, instead of that help itself.
 */
import { Effect, Layer } from "effect"
import { CliConfig, CliOutput, GlobalFlag } from "effect/cli"
import { complain } from "./Output.ts"

/** The parser's messages have several lines where they suggest something. */
const oneLine = (message: string): string =>
  message
    .replace(/\s*\n\s*/g, " ")
    .replace(/Did you mean this\? (.*)$/, "(did you mean $1?)")
    .replace(/\.$/, "")

const presenter: CliOutput.Presenter = {
  present: (event) => {
    if (event._tag !== "InvalidInvocation") return CliOutput.defaultPresenter.present(event)
    const mistakes = event.errors.map(({ message }) => oneLine(message)).join("; ")
    return Effect.sync(() =>
      complain(`${mistakes}: ${event.commandPath.join(" ")} --help shows how`)
    )
  }
}

export const layer = Layer.mergeAll(
  CliOutput.layerPresenter(presenter),
  CliOutput.layer(CliOutput.defaultFormatter({ globalFlags: "none" })),
  CliConfig.layer({ builtIns: [GlobalFlag.Help, GlobalFlag.Version, GlobalFlag.Completions] })
)
