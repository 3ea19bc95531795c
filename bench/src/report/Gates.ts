/**
 * Gates: the ratios that Weir must reach, and those that it wants to.
 *
 * They are held against results when the page is written, by people who read it: a
 * timing is never an assertion in a test.
 */

export interface Gate {
  readonly scenario: string
  /** Key of the ratio. */
  readonly ratio: string
  readonly against: string
  readonly gate?: number
  readonly goal?: number
  /** Of a ratio that is to be small: how much worse it may get beside something. */
  readonly atMost?: number
}

/** A p99 beside what must not hold anybody up, over the p99 without it. */
const besideAtMost = 1.5

export const gates: ReadonlyArray<Gate> = [
  ...[
    { ratio: "c@8", against: "a loop in C, 8", gate: 0.55, goal: 0.8 },
    { ratio: "socket.io@1", against: "Socket.IO, 1", gate: 1.4, goal: 1.8 },
    { ratio: "socket.io@8", against: "Socket.IO, 8", gate: 6, goal: 9 },
    { ratio: "nats@8", against: "NATS over WebSocket, 8", gate: 1.25, goal: 1.6 },
    { ratio: "nats@32", against: "NATS over WebSocket, 32", gate: 2.3, goal: 3.2 },
    { ratio: "nchan@8", against: "Nchan, 8", gate: 1.8, goal: 2.5 },
    { ratio: "uwebsockets@1", against: "uWebSockets, 1", gate: 0.6, goal: 0.75 },
    { ratio: "uwebsockets@8", against: "uWebSockets, 8", gate: 0.65, goal: 0.9 },
    { ratio: "uwebsockets@32", against: "uWebSockets, 32", gate: 0.8, goal: 1 }
  ].map((gate) => ({ scenario: "fanout", ...gate })),
  ...[
    { ratio: "loop@1", against: "the same process with a plain loop, 1 publication per turn" },
    { ratio: "loop@8", against: "the same process with a plain loop, 8" }
  ].map((gate) => ({ scenario: "inprocess", gate: 0.85, goal: 0.95, ...gate })),
  {
    scenario: "sustain",
    ratio: "weir@one/two",
    against: "one connector that carries what two do",
    gate: 0.91
  },
  {
    scenario: "publish",
    ratio: "grpc-js@unary",
    against: "bare grpc-js, unary",
    gate: 0.7,
    goal: 0.9
  },
  ...[
    { ratio: "forwarded", against: "the owner asked itself" },
    { ratio: "forwarded-memory", against: "the owner asked itself, logs in memory" },
    { ratio: "forwarded-redis", against: "the owner asked itself, logs in Redis" }
  ].map((gate) => ({ scenario: "publish", gate: 0.59, ...gate })),
  ...[
    { ratio: "pipeline@stream", against: "the bare pipeline, p50 of a stream" },
    { ratio: "pipeline@stream-memory", against: "the same, ours with a log in memory" },
    { ratio: "pipeline@stream-redis", against: "the same, both with Redis" },
    { ratio: "pipeline@unary", against: "the bare pipeline, p50 of calls" },
    { ratio: "pipeline@unary-memory", against: "the same, ours with a log in memory" },
    { ratio: "pipeline@unary-redis", against: "the same, both with Redis" }
  ].map((gate) => ({ scenario: "latency", gate: 0.56, goal: 0.77, ...gate })),
  {
    scenario: "connect",
    ratio: "ws@token",
    against: "ws that asks for nothing; ours with a token",
    gate: 0.5
  },
  {
    scenario: "connect",
    ratio: "ws@ticket",
    against: "ws that asks for nothing; ours with a ticket",
    gate: 0.625
  },
  {
    scenario: "idle",
    ratio: "ws@memory",
    against: "ws, resident memory per connection",
    gate: 0.74,
    goal: 0.87
  },
  {
    scenario: "growth",
    ratio: "weir@idle-channels",
    against: "Weir without 100,000 idle channels",
    gate: 0.91
  },
  ...[
    { ratio: "catchUp@slow/none", against: "nobody slow, p99 of all others: `catchUp`" },
    { ratio: "conflate@slow/none", against: "the same, `conflate`" },
    { ratio: "conflateByKey@slow/none", against: "the same, `conflate` by key" },
    { ratio: "dropOldest@slow/none", against: "the same, `dropOldest`" },
    { ratio: "disconnect@slow/none", against: "the same, `disconnect`" }
  ].map((gate) => ({ scenario: "policies", atMost: besideAtMost, ...gate })),
  ...[
    { ratio: "channel@hot/none", against: "no hot channel, p99 of quiet ones" },
    { ratio: "lane@stalled/none", against: "no stalled lane, p99 of three others" }
  ].map((gate) => ({ scenario: "hot", atMost: besideAtMost, ...gate }))
]
