/**
 * `npm run bench`: one scenario, from the command line to its result.
 */
import { Effect, Exit, Fiber } from "effect"
import { checkout, useCheckout } from "./Checkout.ts"
import { usage as capacityUsage } from "./capacity/Demands.ts"
import { main as compare } from "./compare.ts"
import { describeMachine } from "./Machine.ts"
import { parseOptions, usage } from "./Options.ts"
import { jsonLine, store } from "./report/Json.ts"
import { markdown } from "./report/Markdown.ts"
import * as Page from "./report/Page.ts"
import { write } from "./report/Write.ts"
import type { Scenario } from "./Scenario.ts"
import * as SmallBuffers from "./SmallBuffers.ts"
import { BenchFailure, type System } from "./System.ts"
import * as Capacity from "./scenarios/Capacity.ts"
import * as Comeback from "./scenarios/Comeback.ts"
import * as Connect from "./scenarios/Connect.ts"
import * as Drain from "./scenarios/Drain.ts"
import * as Fanout from "./scenarios/Fanout.ts"
import * as Growth from "./scenarios/Growth.ts"
import * as Hot from "./scenarios/Hot.ts"
import * as Idle from "./scenarios/Idle.ts"
import * as InProcess from "./scenarios/InProcess.ts"
import * as Latency from "./scenarios/Latency.ts"
import * as ManyChannels from "./scenarios/ManyChannels.ts"
import * as Policies from "./scenarios/Policies.ts"
import * as Publish from "./scenarios/Publish.ts"
import * as Revoke from "./scenarios/Revoke.ts"
import * as Slow from "./scenarios/Slow.ts"
import * as Storm from "./scenarios/Storm.ts"
import * as Sustain from "./scenarios/Sustain.ts"
import * as Where from "./scenarios/Where.ts"
import * as C from "./systems/C.ts"
import * as Centrifugo from "./systems/Centrifugo.ts"
import * as GrpcJs from "./systems/GrpcJs.ts"
import * as Loop from "./systems/Loop.ts"
import * as Nats from "./systems/Nats.ts"
import * as Nchan from "./systems/Nchan.ts"
import * as Pipeline from "./systems/Pipeline.ts"
import * as SocketIo from "./systems/SocketIo.ts"
import * as Uwebsockets from "./systems/Uwebsockets.ts"
import * as Weir from "./systems/Weir.ts"
import * as Ws from "./systems/Ws.ts"

const scenarios: ReadonlyArray<Scenario> = [
  ...[
    Fanout,
    InProcess,
    ManyChannels,
    Sustain,
    Publish,
    Latency,
    Connect,
    Storm,
    Drain,
    Comeback,
    Slow,
    Revoke,
    Policies,
    Hot,
    Idle,
    Growth,
    Capacity,
    Where,
    Page
  ]
].map(({ scenario }) => scenario)

const systems: ReadonlyArray<System> = [
  Weir.system,
  Weir.protoSystem,
  SocketIo.redisSystem,
  ...[Loop, C, Ws, SocketIo, Nats, Nchan, Uwebsockets, Centrifugo, GrpcJs, Pipeline].map(
    ({ system }) => system
  )
]

if (process.argv[2] === "compare") process.exit(await compare(process.argv.slice(3)))

const say = (line: string): void => console.error(line)

const program = Effect.gen(function* () {
  const options = yield* parseOptions(process.argv.slice(2), scenarios, systems)
  if (options === undefined) {
    console.log(usage(scenarios, systems, [capacityUsage]))
    return 0
  }
  if (process.platform !== "linux") {
    return yield* new BenchFailure({
      message: "needs Linux: CPU time and memory are read from /proc"
    })
  }
  if (options.smallBuffers ?? options.scenario.smallBuffers) {
    const why = SmallBuffers.isInside ? undefined : SmallBuffers.missing()
    if (why !== undefined && options.smallBuffers) return yield* new BenchFailure({ message: why })
    if (why !== undefined) say(`with the kernel's usual buffers: ${why}`)
    else if (!SmallBuffers.isInside) {
      const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
      return yield* SmallBuffers.run(again)
    }
  }
  if (options.weir !== undefined) useCheckout(options.weir)
  const { pairs, passedOver, scale, scenario, seconds } = options
  const missing = options.systems[0]!.missing()
  if (missing !== undefined) return yield* new BenchFailure({ message: missing })
  for (const line of passedOver) say(`without ${line}`)
  const context = { pairs, seconds, scale, progress: say, options: options.others }
  const result = yield* Effect.scoped(scenario.run({ ...context, systems: options.systems }))
  const stored = store(result, describeMachine(checkout()), new Date())
  if (options.write) for (const file of write(stored)) say(`wrote ${file}`)
  console.log(options.json ? jsonLine(stored) : markdown(stored))
  return 0
})

const fiber = Effect.runFork(program)
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => void Effect.runPromise(Fiber.interrupt(fiber)))
}
const exit = await Effect.runPromise(Fiber.await(fiber))
if (Exit.isFailure(exit)) {
  const { reasons } = exit.cause
  const failure = reasons.find((it) => it._tag === "Fail")?.error
  if (failure !== undefined) console.error(failure.message)
  else if (!reasons.every((it) => it._tag === "Interrupt")) console.error(String(exit.cause))
}
process.exit(Exit.isSuccess(exit) ? exit.value : 1)
