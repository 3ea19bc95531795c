/**
 * Clocks that step: F14.
 */
import { existsSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { channelsOf } from "../Placement.ts"
import type { Scenario } from "../Scenario.ts"
import { channels } from "../workload/Workload.ts"

const library = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1"
].find((path) => existsSync(path))

const steps = ["+60s", "-60s", "+3600s", "-3600s", "+0s"]
const calmMs = 5_000

/** Says how far the clock of who reads it is off. */
const clockFile = join(tmpdir(), `weir-clock-${process.pid}`)

const setClock = (offset: string) => writeFileSync(clockFile, `${offset}\n`)

/** Only the wall clock steps: a monotonic one does not, by its name. */
const environment: Readonly<Record<string, string>> = {
  LD_PRELOAD: library ?? "",
  FAKETIME_TIMESTAMP_FILE: clockFile,
  FAKETIME_CACHE_DURATION: "1",
  FAKETIME_DONT_FAKE_MONOTONIC: "1",
  DONT_FAKE_MONOTONIC: "1"
}

const victim = "router-1"

export const routersClockSteps: Scenario = {
  name: "F14",
  fault: "a router's clock steps by ± 60 s and ± 1 h",
  class: "A",
  missing: () =>
    library === undefined ? "needs libfaketime: apt-get install faketime" : undefined,
  deployment: {
    env: (name): Readonly<Record<string, string>> => {
      if (name !== victim) return {}
      setClock("+0s")
      return environment
    }
  },
  run: async (stage) => {
    const hit = channelsOf(stage.deployment, victim, channels)
    try {
      for (const offset of steps) {
        stage.fault(`clock ${offset}`, victim, hit)
        setClock(offset)
        const isBack = await stage.writesBack(hit)
        stage.expect(isBack, `writes did not go on after the clock of ${victim} stepped ${offset}`)
        await stage.sleep(calmMs)
        stage.healed(`clock ${offset}`, victim)
      }
    } finally {
      rmSync(clockFile, { force: true })
    }
  }
}

/** Owners' terms do not depend on it, but the expiry of keys does. */
export const redisClockSteps: Scenario = {
  name: "F14-redis",
  fault: "the clock of Redis steps by ± 60 s and ± 1 h",
  class: "A",
  missing: () => "redis-server with jemalloc does not start under libfaketime",
  run: async () => {}
}
