/**
 * oneAtATime: a test file that needs the machine waits until no other such file has it, in
 * whichever process that runs.
 */
import { mkdirSync, rmdirSync } from "node:fs"
import { afterAll, beforeAll } from "@effect/vitest"
import { turnVariable } from "./turnVariable.ts"
import { waitUntil } from "./waitUntil.ts"

/** All of them, one after the other, on a slow machine. */
const waitMs = 600_000

const path = process.env[turnVariable]!

/** To make a directory succeeds for one of them. */
const take = (): boolean => {
  try {
    mkdirSync(path)
    return true
  } catch {
    return false
  }
}

beforeAll(() => waitUntil("the machine is free", take, waitMs), waitMs)
afterAll(() => rmdirSync(path))
