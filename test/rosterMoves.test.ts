/**
 * Rosters when the node that keeps them leaves for good: whoever keeps them next is told of all
 * members by the connectors that hold them.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { type Deployment, deploy } from "./faults/Deployment.ts"
import { connectJson } from "./harness/JsonClient.ts"
import { tokenFor } from "./harness/Tokens.ts"
import type { WireClient } from "./harness/WireClient.ts"
import { waitUntil } from "./harness/waitUntil.ts"

/** So many that both nodes keep some. */
const channels = Array.from({ length: 12 }, (_, index) => `chat:roster-${index}`)

describe("rosters of a presence node that is gone", () => {
  const directory = mkdtempSync(join(tmpdir(), "weir-rosters-"))
  let deployment: Deployment
  let ann: WireClient
  let watcher: WireClient

  beforeAll(async () => {
    deployment = await deploy(
      { counts: { auth: 1, presence: 2, router: 1, connector: 2 } },
      () => {}
    )
    const [one, other] = deployment.addresses("connector")
    const access = { "chat:*": ["subscribe", "presence"] }
    ann = await connectJson(one!, { token: await tokenFor("ann", access) })
    watcher = await connectJson(other!, { token: await tokenFor("bob", access) })
    for (const channel of channels) {
      assert.strictEqual((await ann.subscribe(channel, { member: {} })).type, "subscribed")
      assert.strictEqual((await watcher.subscribe(channel, { presence: true })).type, "subscribed")
    }
  }, 120_000)
  afterAll(async () => {
    ann?.close()
    watcher?.close()
    await deployment?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  const usersIn = async (channel: string): Promise<ReadonlyArray<string>> => {
    const { payload } = await watcher.request("presence", { channel })
    return (payload.members ?? []).map(({ user }: { user: string }) => user)
  }

  const complete = async () => {
    for (const channel of channels) if ((await usersIn(channel)).join() !== "ann") return false
    return true
  }

  it("are whole again at the one that stays, and changes are told by it", async () => {
    await waitUntil("all are announced", complete)

    await deployment.kill("presence-2")

    await waitUntil("the one that stays keeps all of them", complete, 60_000)
    for (const channel of channels) await ann.request("unsubscribe", { channel })
    for (const channel of channels) {
      await watcher.takeWhere(
        `ann leaves ${channel}`,
        ({ payload, type }) =>
          type === "presenceChange" && payload.channel === channel && payload.left?.length > 0
      )
    }
  }, 120_000)

  it("are whole when it is back, and it has its share of them", async () => {
    for (const channel of channels) await ann.subscribe(channel, { member: {} })
    await deployment.start("presence-2")
    await waitUntil("all are announced", complete, 60_000)
    const share = () => deployment.metric("presence-2", "weir_presence_members")
    await waitUntil("it keeps some", async () => ((await share()) ?? 0) > 0, 60_000)
    await waitUntil("all are whole there, too", complete, 60_000)
  }, 120_000)
})
