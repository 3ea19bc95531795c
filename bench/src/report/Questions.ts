/**
 * Questions: what docs/benchmarks.md says about a scenario whatever its figures are.
 */

/** The page up to its figures. */
export const introduction = `# Benchmarks

<!-- Written by \`npm run bench -- page\` from bench/results: change bench/src/report, not this. -->

Figures of one machine are of little use on another. So the harness is part of Weir: it runs Weir and what you would otherwise
pick, in turn, on *your* machine, and says how they compare.

\`\`\`sh
npm run bench -- fanout --peer socket.io    # one scenario, one peer
npm run bench -- fanout --scale 0.1 --pairs 1 --seconds 1    # a quick look
npm run bench -- --help                     # scenarios, systems, and what each system needs
\`\`\`

How it measures:

- **In the same run, in turn.** A machine drifts by a third within minutes. So a figure is compared only with one that was taken
  right before or after it: every ratio is of a pair, the order is reversed in every other round, and the table gives the median
  of five pairs and their spread. No run is discarded. **Above 1, Weir is cheaper.**
- **CPU time, not wall-clock time.** What a process has used is read from the kernel. The processes that hold subscribers' sockets
  have a core of their own; everything else, the load generator included, has the rest.
- **Nobody is overrun.** For the cost of a delivery, a burst is published, and the next one when every subscriber has all of the
  first: each system has the same number of publications per turn, and none a queue. Latencies are measured apart, at fixed
  rates, from the time at which a publication was due.
- **Everybody is checked.** Every publication has a number. Each subscriber of each system counts what it lacks and what comes out
  of order, in every run.
- **As shipped.** Weir runs as \`npm run cluster\` does: connector, router, auth, presence and Redis, each a process, with order,
  outboxes, policies and metrics on. Peers run in the best configuration that their documentation knows. The payload is 128 bytes.

On loopback the kernel's receiving side is paid by the sender, too: three quarters of the cost of a delivery that is written alone
are the kernel's, for everybody. Over a real network the differences between servers weigh more.`

/** In the order of the page. */
export const questions: Readonly<Record<string, string>> = {
  fanout:
    "One channel, 1,000 subscribers, one connector: the CPU of a delivery, by how many publications come in one turn. `@8` is eight at a time.",
  inprocess:
    "What Weir itself adds to a delivery: one process with 1,000 sockets, to which the connector's own way (envelopes, outboxes, policies and metrics on) and a plain loop write the same bytes, in turn.",
  manychannels:
    "1,000 subscribers over more and more channels, one publication in each at a time: less and less can be shared.",
  sustain:
    "1,000 publications a second to 1,000 subscribers: a million deliveries a second through the mesh, for a minute, on one connector and on two.",
  publish:
    "What it costs a router to take a publication that nobody listens to: through a stream, by calls, through a router that does not own the channel; without a log, with one in memory, with one in Redis.",
  latency:
    "From publish to the frame at the client, over two hops, at 1,000 a second, beside a bare pipeline of the same hops: grpc-js, grpc-js, ws.",
  connect:
    "Authenticated handshakes, with one subscription: with a token that auth verifies, and with a ticket that the connector verifies by itself.",
  revoke:
    "200 users, each on three connectors, are revoked one after the other while 30,000 deliveries flow a second: how long until all their connections have ended and their tickets are refused, and on a connector that had heard nothing for three seconds, once it is back.",
  storm: "Everybody comes back at once, and resumes.",
  "comeback-5000":
    "One connector loses its 5,000 clients at one moment, while publications flow, with all limits as shipped: how long until they are back, what they miss, and who notices it.",
  "comeback-20000": "The same with 20,000 clients and two connectors.",
  drain:
    "A connector is told to end: when each of its clients is told to go, and when it is subscribed at another one. Each picks a moment of its own within 0.1 to 3 s, as the SDK does.",
  idle: "Connections with one subscription to which nobody publishes: memory after forced collections, in all Node processes alike, and the CPU of heartbeats. Socket.IO sends them every 25 seconds, as Weir does; `@cpu` compares with it.",
  slow: "Some subscribers stop reading: what it does to the others.",
  policies:
    "1,000 subscribers of one channel, 8 KiB a publication, 32 KiB of the kernel for a socket: 100 read half of it and 5 stop, under each policy for slow clients. Is every publication accounted for, where do those who stall sit, and what do all others notice? `@slow/none` is their p99 over that without slow ones.",
  hot: "100 quiet channels beside one with 5 MB/s on the same connector and router, and three lanes of a router beside one that its connector leaves unread: p99 of those, beside it over that without.",
  where:
    "Whose code a process spends its busy time in, by V8's own profile of it: what is left to gain, and where it is not Weir's. Time that the kernel spends on a write counts as `socket writes`.",
  growth:
    "What a delivery costs over the number of subscribers, and beside 100,000 channels on which nothing happens; memory over connections and channels. [The capacity model](capacity.md) has its constants from here."
}
