import { assert, describe, it } from "@effect/vitest"
import { shardCount } from "@weir/core/ChannelName"
import { assign } from "./Assignment.ts"
import { emptyView, type View, withNode, withoutNode } from "./View.ts"

const routers = (count: number): View =>
  Array.from({ length: count }, (_, i) => `router-${i + 1}`).reduce(
    (view, name) =>
      withNode(view, {
        name,
        role: "router",
        incarnation: 1,
        mesh: `127.0.0.1:${name}`,
        draining: false
      }),
    emptyView
  )

const shardsByOwner = (view: View): Map<string, number> => {
  const counts = new Map<string, number>()
  for (const { name } of assign(view, "router").owners)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

describe("Assignment", () => {
  it("gives every shard an owner, and nobody a shard when no node has the role", () => {
    assert.strictEqual(assign(routers(1), "router").owners.length, shardCount)
    assert.deepStrictEqual(assign(routers(1), "presence").owners, [])
  })

  it.each([3, 4, 5])("keeps the fullest of %i routers below 1.25 times its share", (count) => {
    const fullest = Math.max(...shardsByOwner(routers(count)).values())
    assert.isBelow(fullest, (1.25 * shardCount) / count)
  })

  it("moves no shard between two routers that stay", () => {
    const before = routers(5)
    const after = withoutNode(before, "router-3")
    const owners = assign(after, "router").owners
    assign(before, "router").owners.forEach((owner, shard) => {
      if (owner.name !== "router-3") assert.strictEqual(owners[shard]?.name, owner.name)
    })
  })

  it("does not depend on the order in which nodes came", () => {
    const view = routers(4)
    const reversed = { ...view, nodes: view.nodes.toReversed() }
    assert.deepStrictEqual(assign(reversed, "router").owners, assign(view, "router").owners)
  })
})
