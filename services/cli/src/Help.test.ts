import * as NodeServices from "@effect/platform-node/NodeServices"
import { afterEach, assert, beforeEach, describe, it, vi } from "@effect/vitest"
import { Effect } from "effect"
import { Command } from "effect/cli"
import { argumentsFor } from "./Arguments.ts"
import { exitCodeOf } from "./ExitCode.ts"
import * as Help from "./Help.ts"
import { weir } from "./Weir.ts"

describe("weir", () => {
  let said = ""
  beforeEach(() => {
    said = ""
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      said += text
      return true
    })
  })
  afterEach(() => vi.restoreAllMocks())

  const codeOf = (args: ReadonlyArray<string>) =>
    Command.runWith(weir, { version: "1" })(argumentsFor(args)).pipe(
      Effect.provide(Help.layer),
      Effect.provide(NodeServices.layer),
      Effect.exit,
      Effect.map((exit) => exitCodeOf(exit, args[0]))
    )

  const mistakes: ReadonlyArray<readonly [string, ReadonlyArray<string>, RegExp]> = [
    ["an unknown command", ["pubish", "a"], /"pubish".*\(did you mean publish\?\): weir --help/],
    ["an unknown flag", ["history", "a", "--revers"], /--revers .*\(did you mean --reverse\?\)/],
    ["no channel", ["subscribe"], /channel.*: weir subscribe --help shows how$/],
    ["words that nobody has quoted", ["publish", "a", "b", "c"], /"c": weir publish --help/],
    [
      "no count",
      ["history", "a", "--limit", "0"],
      /--limit: "0"\. Expected: a whole number from 1/
    ],
    ["no URL", ["token", "--url", "here"], /Expected: a URL such as https:/],
    ["no address", ["ring", "--api", "here"], /Expected: HOST:PORT, such as 127\.0\.0\.1:9090/],
    ["a key that would leave this machine", ["ring", "--api", "10.0.0.1:9090"], /--key or WEIR_API/]
  ]
  for (const [title, args, words] of mistakes) {
    it.effect(`says in one line what to do about ${title}, and calls it wrong usage`, () =>
      Effect.gen(function* () {
        assert.strictEqual(yield* codeOf(args), 2)
        assert.match(said, /^weir: [^\n]+\n$/)
        assert.match(said.trimEnd(), words)
      })
    )
  }

  it("shows an example of every command", () => {
    const commands = weir.subcommands.flatMap((group) => [...group.commands])
    assert.lengthOf(commands, 17)
    for (const { examples, name } of commands) {
      assert.isTrue(
        examples.some(({ command }) => command.includes(`weir ${name}`)),
        name
      )
    }
  })
})

describe("argumentsFor", () => {
  it.each([
    ["passes on what another program reads", ["start", "--profile", "cpu"], 1],
    ["lets that be said", ["bench", "--", "--help"], undefined],
    ["keeps help to itself", ["start", "--help"], undefined],
    ["changes no other", ["publish", "a", "--json"], undefined]
  ] as const)("%s", (_title, args, separatorAt) => {
    const expected: Array<string> = [...args]
    if (separatorAt !== undefined) expected.splice(separatorAt, 0, "--")
    assert.deepStrictEqual(argumentsFor(args), expected)
  })
})
