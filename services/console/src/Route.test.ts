import { assert, describe, it } from "@effect/vitest"
import { hashOf, type Route, routeOf, views } from "./Route.ts"

describe("Route", () => {
  it.each([
    ["", "chat", ""],
    ["#/", "chat", ""],
    ["#/nowhere", "chat", ""],
    ["#/chart", "chart", ""],
    ["#/chart/chat:lobby", "chart", ""],
    ["#/inspect", "inspect", ""],
    ["#/inspect/chat:lobby", "inspect", "chat:lobby"],
    ["#/inspect/chat:a/b", "inspect", "chat:a/b"],
    ["#/inspect/%E0%A4%A", "inspect", ""]
  ])("%s leads to %s", (hash, view, channel) => {
    assert.deepStrictEqual(routeOf(hash), { view, channel })
  })

  it("finds its way back from every address that it makes", () => {
    const routes: ReadonlyArray<Route> = [
      ...views.map((view) => ({ view, channel: "" })),
      { view: "inspect", channel: "chat:ä #/?%" }
    ]

    for (const route of routes) assert.deepStrictEqual(routeOf(hashOf(route)), route)
  })
})
