import { assert, describe, it } from "@effect/vitest"
import { peerAddress } from "./PeerAddress.ts"

const proxies = new Set(["10.0.0.1", "10.0.0.2", "::ffff:10.0.0.1"])
const from = (peer: string, forwarded?: string) =>
  peerAddress(peer, forwarded, (it) => proxies.has(it))

describe("the address of a client", () => {
  it.each([
    ["of who comes by itself", "192.0.2.7", undefined, "192.0.2.7"],
    ["of who comes by itself and says otherwise", "192.0.2.7", "203.0.113.9", "192.0.2.7"],
    ["behind a proxy", "10.0.0.1", "203.0.113.9", "203.0.113.9"],
    ["behind two", "10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"],
    ["behind a proxy on a listener for both", "::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9"],
    [
      "that a client made up, to the left of its own",
      "10.0.0.1",
      "127.0.0.1, 203.0.113.9",
      "203.0.113.9"
    ],
    [
      "that a client made up, as a proxy of ours",
      "10.0.0.1",
      "10.0.0.2, 203.0.113.9",
      "203.0.113.9"
    ],
    ["with a port", "10.0.0.1", "203.0.113.9:4711", "203.0.113.9"],
    ["of IPv6", "10.0.0.1", "[2001:db8::9]:4711", "2001:db8::9"],
    ["of IPv6 without brackets", "10.0.0.1", "2001:db8::9", "2001:db8::9"],
    ["that is none", "10.0.0.1", "unknown", "10.0.0.1"],
    ["that is none, behind two", "10.0.0.1", "x, 10.0.0.2", "10.0.0.2"],
    ["that is empty", "10.0.0.1", "", "10.0.0.1"],
    ["behind proxies alone", "10.0.0.1", "10.0.0.2", "10.0.0.2"],
    [
      "behind more than anybody has",
      "10.0.0.1",
      `203.0.113.9${", 10.0.0.2".repeat(20)}`,
      "10.0.0.2"
    ]
  ])("is that %s", (_title, peer, forwarded, address) => {
    assert.strictEqual(from(peer, forwarded), address)
  })
})
