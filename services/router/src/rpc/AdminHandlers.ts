/**
 * AdminHandlers: a cluster seen from outside, and administered, on any router.
 *
 * Each router knows the channels that it owns; a page is merged from a page of each. Who asks
 * is shown all or told that it cannot be: a list that lacks a router's share looks complete.
 */
import { Cluster } from "@weir/cluster/Cluster"
import { type Node as ClusterNode, nodesOf } from "@weir/cluster/View"
import type { ApiKey } from "@weir/core/ApiKey"
import { failure, orFail } from "@weir/core/Failure"
import { checkPageSize } from "@weir/core/PageSize"
import { implement } from "@weir/grpc/Handlers"
import * as AuditNotes from "@weir/mesh/AuditNotes"
import { RestrictionNode } from "@weir/mesh/RestrictionNode"
import { Routers } from "@weir/mesh/Routers"
import { AdminServiceDefinition, type Channel } from "@weir/proto/api/v1/admin"
import type { ListOwnedRequest } from "@weir/proto/mesh/v1/router"
import { Effect } from "effect"
import { Router } from "../Router.ts"
import * as AdminAccess from "./AdminAccess.ts"
import * as RestrictionVerbs from "./RestrictionVerbs.ts"

/** More would be asked in turn: a page of each may be 300 kB. */
const routersAtOnce = 8

/** While a channel changes hands two may name it: who appended last is its owner. */
const isNewer = (one: Channel, other: Channel | undefined): boolean =>
  other === undefined || (one.position?.term ?? 0) > (other.position?.term ?? 0)

/** The first of all that are named, each once. */
const merge = (lists: ReadonlyArray<ReadonlyArray<Channel>>): ReadonlyArray<Channel> => {
  const byName = new Map<string, Channel>()
  for (const channel of lists.flat()) {
    if (isNewer(channel, byName.get(channel.channel))) byName.set(channel.channel, channel)
  }
  return [...byName.values()].sort((a, b) => (a.channel < b.channel ? -1 : 1))
}

export const make = Effect.fnUntraced(function* (keys: ReadonlyArray<ApiKey>) {
  const cluster = yield* Cluster
  const routers = yield* Routers
  const router = yield* Router
  const auth = yield* RestrictionNode
  const access = AdminAccess.make(keys, yield* AuditNotes.make(auth))

  const channelsOf = ({ mesh, name }: ClusterNode, request: ListOwnedRequest) =>
    routers.listOwned(mesh, request).pipe(
      Effect.map((owned) => owned.map((it): Channel => ({ ...it, owner: name }))),
      Effect.mapError(() => failure("unavailable", `${name} does not answer`, 500))
    )

  return implement(AdminServiceDefinition, {
    ...RestrictionVerbs.make(access, auth),

    listChannels: Effect.fnUntraced(function* ({ after, limit, prefix }, call) {
      yield* access.look(call, "channels.list")
      const size = yield* orFail(checkPageSize(limit))
      // One more of each: if there is another page, its first channel is among them.
      const request = { prefix, after, limit: size + 1 }
      const lists = yield* Effect.forEach(
        nodesOf(cluster.view(), "router"),
        (router) => channelsOf(router, request),
        { concurrency: routersAtOnce }
      )
      const merged = merge(lists)
      const channels = merged.slice(0, size)
      return { channels, next: merged.length > size ? channels.at(-1)!.channel : "" }
    }),

    getRing: Effect.fnUntraced(function* (_request, call) {
      yield* access.look(call, "ring.get")
      const { nodes, version } = cluster.view()
      const shards = Map.groupBy(cluster.assignment("router").owners, ({ name }) => name)
      const roles = new Map<string, string>([
        ...[...router.connectors()].map((name) => [name, "connector"] as const),
        ...nodes.map(({ name, role }) => [name, role] as const)
      ])
      return {
        view: version,
        nodes: [...roles]
          .map(([name, role]) => ({ name, role, shards: shards.get(name)?.length ?? 0 }))
          .sort((a, b) => (a.name < b.name ? -1 : 1))
      }
    })
  })
})
