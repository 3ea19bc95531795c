/**
 * Matrix: every fault there is.
 */
import type { Scenario } from "../Scenario.ts"
import { ringChurns } from "./Churn.ts"
import { redisClockSteps, routersClockSteps } from "./Clock.ts"
import { randomMix } from "./Mix.ts"
import { clientsAreFarAway, halfOpen, peersAreCut, redisIsCut } from "./Network.ts"
import { appendIsLate, ownerPauses } from "./Pauses.ts"
import { connectorDies, helperDies, routerDies } from "./Processes.ts"
import {
  diskFails,
  memoryIsFull,
  metaIsEvicted,
  redisDies,
  redisForgets,
  redisIsFlushed,
  redisSyncsLater,
  tailAndOwnerAreLost,
  tailIsLost
} from "./Redis.ts"
import { replicaLags, replicaLagsAndOwnerDies, twoPrimaries } from "./Sentinel.ts"

export const matrix: ReadonlyArray<Scenario> = [
  ...[routerDies, connectorDies, helperDies, ownerPauses, appendIsLate],
  ...[redisIsCut, peersAreCut, halfOpen],
  ...[redisDies, redisSyncsLater, redisForgets, tailIsLost, tailAndOwnerAreLost],
  ...[replicaLags, replicaLagsAndOwnerDies, twoPrimaries, redisIsFlushed, metaIsEvicted],
  ...[routersClockSteps, redisClockSteps, ringChurns, clientsAreFarAway],
  ...[memoryIsFull, diskFails, randomMix]
]
