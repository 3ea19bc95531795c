/**
 * Scenario: a fault, told so that it can be done to a deployment under load.
 */
import type { CheckOptions } from "./checker/Violation.ts"
import type { Deployment, DeploymentOptions } from "./Deployment.ts"
import type { FaultProxy } from "./FaultProxy.ts"
import type { Random } from "./Random.ts"
import type { Workload } from "./workload/Workload.ts"

export interface Stage {
  readonly deployment: Deployment
  readonly workload: Workload
  readonly random: Random
  /** Between clients and connectors, where the scenario has them. */
  readonly clientProxies: ReadonlyArray<FaultProxy>
  /** How often a scenario repeats its fault. */
  readonly rounds: number
  /** For those that go on for a time. */
  readonly seconds: number
  readonly sleep: (ms: number) => Promise<void>
  /** Tells the history, and what it hits: those channels' writes are measured from here. */
  readonly fault: (name: string, target: string, channels?: ReadonlyArray<string>) => void
  readonly healed: (name: string, target: string) => void
  /** What has to hold beyond the class. */
  readonly expect: (holds: boolean, what: string) => void
  /** For the table, in a few words. */
  readonly note: (what: string) => void
  /** Publications are accepted on all these; false after the limit. */
  readonly writesBack: (channels: ReadonlyArray<string>, limitMs?: number) => Promise<boolean>
}

export interface Scenario {
  /** `F1`, or `F10-lost-tail` where a fault has several forms. */
  readonly name: string
  readonly fault: string
  readonly class: CheckOptions["class"]
  readonly divergence?: boolean
  readonly deployment?: DeploymentOptions
  /** What we say of it: by then, in ms, all channels take publications again. */
  readonly backWithin?: number
  readonly rounds?: number
  readonly seconds?: number
  /** Why it cannot run on this machine. */
  readonly missing?: () => string | undefined
  /** Clients reach connectors through proxies, as these say. */
  readonly clientProxies?: boolean
  readonly run: (stage: Stage) => Promise<void>
}
