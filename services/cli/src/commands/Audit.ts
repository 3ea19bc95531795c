/**
 * Audit: what was done and refused, as lines to keep; and whether lines that were kept are whole.
 */
import { createReadStream } from "node:fs"
import { createInterface } from "node:readline"
import { AuditVerifier } from "@weir/core/AuditLine"
import { maxPageSize } from "@weir/core/PageSize"
import { AdminServiceDefinition } from "@weir/proto/api/v1/admin"
import { Effect } from "effect"
import { Argument, Command, Flag } from "effect/cli"
import * as Api from "../Api.ts"
import { refused, wrongUsage } from "../CommandFailed.ts"
import * as Flags from "../Flags.ts"
import { note, print, printJson } from "../Output.ts"

const verifyLines = async (file: string) => {
  const input = file === "-" ? process.stdin : createReadStream(file)
  const verifier = new AuditVerifier()
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    verifier.add(line)
  }
  return verifier.result
}

const verify = Command.make(
  "verify",
  {
    file: Argument.String("file").pipe(
      Argument.withDescription("what weir audit printed; -, or nothing: standard input"),
      Argument.withDefault("-")
    ),
    json: Flags.json
  },
  Effect.fn(function* ({ file, json }) {
    const result = yield* Effect.tryPromise({
      try: () => verifyLines(file),
      catch: (error) => wrongUsage(`${file} cannot be read: ${(error as Error).message}`)
    })
    if (json) printJson(result)
    if (result._tag === "Broken") {
      return yield* refused(`line ${result.number} is not as it was written: ${result.why}`)
    }
    const { first, head } = result
    if (head.number === 0) return note("there are no lines")
    if (first > 1) note(`what came before line ${first} is not here`)
    if (!json) print(`whole: lines ${first} to ${head.number}, the last with SHA-256 ${head.hash}`)
  })
).pipe(
  Command.withShortDescription("say whether lines are whole"),
  Command.withDescription(
    `Goes through lines that weir audit printed, and says whether any was changed, taken out or put
  in. Each line holds the SHA-256 of the one before it; who keeps the one of the last line
  elsewhere can tell, too, whether the end is missing. Exit code 1: they are not whole.`
  ),
  Command.withExamples([
    {
      command: "weir audit > audit.jsonl; weir audit verify audit.jsonl",
      description: "Keep and check"
    }
  ])
)

export const audit = Command.make(
  "audit",
  {
    after: Flag.Int("after").pipe(
      Flag.withMetavar("N"),
      Flag.withDescription("begin behind line N (the oldest that is kept)"),
      Flag.withDefault(0)
    ),
    ...Flags.api
  },
  Effect.fn(function* (flags) {
    yield* Api.ask(
      AdminServiceDefinition,
      flags,
      Effect.fnUntraced(function* (client, options) {
        let { after } = flags
        do {
          const page = yield* client.readAudit({ after, limit: maxPageSize }, options)
          page.lines.forEach(print)
          after = page.next
        } while (after !== 0)
      })
    )
  })
).pipe(
  Command.withShortDescription("print the audit trail, or verify it"),
  Command.withDescription(
    `Prints what was done and what was refused, one JSON object a line, oldest first: to keep, and
  to verify with weir audit verify.

  Needs an API key with "admin": true in the configuration.`
  ),
  Command.withExamples([
    { command: "weir audit >> audit.jsonl", description: "Keep it" },
    { command: "weir audit --after 1200", description: "What came since" }
  ]),
  Command.withSubcommands([verify])
)
