/**
 * Arguments: what the command line of a service may say. Everything else about it
 * is in its environment, and in the file.
 */
import { parseArgs } from "node:util"
import { ConfigMistakes } from "@weir/config/LoadSettings"
import { isProfileKind, type ProfileKind, profileKinds } from "@weir/config/Settings"
import { Effect } from "effect"

export interface Arguments {
  /** Lines for a program instead of text for people. */
  readonly json: boolean
  readonly profile: ProfileKind | undefined
}

export const usage = (role: string): string => `weir ${role}

  --profile KIND    from the start until the end or SIGUSR2, note where time goes (cpu),
                    what is held in memory (heap), or what was allocated (allocations),
                    and write it to a file in WEIR_PROFILE_DIRECTORY, or here
  --json            print where it can be reached as one line of JSON
  --help            this

SIGUSR2 ends a profile, or begins one; cpu, where no other was named. Everything else is
in the environment and in the file that WEIR_CONFIG names: see README.md.`

const flags = {
  profile: { type: "string" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false }
} as const

/** Undefined when help is all that is wanted. */
export const parseArguments = (
  args: ReadonlyArray<string>
): Effect.Effect<Arguments | undefined, ConfigMistakes> => {
  const refuse = (mistake: string) => Effect.fail(new ConfigMistakes({ mistakes: [mistake] }))
  let values: ReturnType<typeof parseArgs<{ options: typeof flags; args: Array<string> }>>["values"]
  try {
    values = parseArgs({ args: [...args], options: flags }).values
  } catch (error) {
    return refuse(`${(error as Error).message} (--help shows all options)`)
  }
  const { help, json, profile } = values
  if (help) return Effect.succeed(undefined)
  if (profile === undefined || isProfileKind(profile)) return Effect.succeed({ json, profile })
  return refuse(`--profile: must be one of ${profileKinds.join(", ")}, not ${profile}`)
}
