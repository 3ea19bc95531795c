/**
 * Weir: all commands under one name, and what their help has in common.
 */
import { Command } from "effect/cli"
import { audit } from "./commands/Audit.ts"
import { bench } from "./commands/Bench.ts"
import { channels } from "./commands/Channels.ts"
import { history } from "./commands/History.ts"
import { presence } from "./commands/Presence.ts"
import { publish } from "./commands/Publish.ts"
import { ban, kick, mute, revoke, unban, unmute } from "./commands/Restrict.ts"
import { restrictions } from "./commands/Restrictions.ts"
import { ring } from "./commands/Ring.ts"
import { start } from "./commands/Start.ts"
import { subscribe } from "./commands/Subscribe.ts"
import { token } from "./commands/Token.ts"

export const weir = Command.make("weir").pipe(
  Command.withDescription(
    `Weir from the command line: run it, publish, subscribe, look inside.

  Without more, a command speaks to the Weir on this machine that npm start or weir start runs.
  WEIR_URL, WEIR_TOKEN, WEIR_API and WEIR_API_KEY say otherwise, or the flags of each command.

  What was asked for is on standard output, all else on standard error. Exit codes: 0 done,
  1 refused or failed, 2 wrong usage, 69 nothing answers there, 130 cut short by Ctrl-C;
  of subscribe Ctrl-C is the end, and its exit code 0.`
  ),
  Command.withExamples([
    { command: "weir start", description: "In one terminal: run it" },
    { command: "weir subscribe chat:lobby", description: "In another: listen" },
    { command: `weir publish chat:lobby '{"text":"hi"}'`, description: "In a third: speak" },
    { command: "weir history --help", description: "Each command has its own help" }
  ]),
  Command.withSubcommands([
    { group: "Run it", commands: [start, token, bench] },
    { group: "Speak and listen", commands: [publish, subscribe] },
    { group: "Look inside", commands: [history, presence, channels, ring] },
    {
      group: "Keep order",
      commands: [revoke, ban, unban, mute, unmute, kick, restrictions, audit]
    }
  ])
)
