import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { describeTarget, parseRedisUrl } from "./RedisUrl.ts"

const at = (host: string, port: number) => ({ host, port })
const single = {
  shape: "single",
  credentials: undefined,
  address: at("127.0.0.1", 6379),
  database: 0,
  tls: false
}

describe("a Redis URL", () => {
  it.each([
    ["redis://127.0.0.1:6379", single],
    ["redis://127.0.0.1", single],
    ["redis://127.0.0.1:7001/", { ...single, address: at("127.0.0.1", 7001) }],
    ["redis://127.0.0.1/3", { ...single, database: 3 }],
    ["redis://[::1]:7001/0", { ...single, address: at("::1", 7001) }],
    ["rediss://127.0.0.1", { ...single, tls: true }],
    [
      "redis://:s%40cret@127.0.0.1",
      { ...single, credentials: { username: undefined, password: "s@cret" } }
    ],
    [
      "redis://weir:p@ss:word@127.0.0.1",
      { ...single, credentials: { username: "weir", password: "p@ss:word" } }
    ],
    [
      "redis+sentinel://:secret@a:26379,b/weir",
      {
        shape: "sentinel",
        credentials: { username: undefined, password: "secret" },
        sentinels: [at("a", 26379), at("b", 26379)],
        primaryName: "weir"
      }
    ],
    [
      "redis+cluster://a:7001,b:7002",
      { shape: "cluster", credentials: undefined, nodes: [at("a", 7001), at("b", 7002)] }
    ]
  ])("%s", (url, expected) => {
    const target = parseRedisUrl(url)
    assert.deepStrictEqual(Result.getOrThrow(target) as unknown, expected)
  })

  it.each([
    ["", /is not a Redis URL; write redis:/],
    ["127.0.0.1:6379", /is not a Redis URL/],
    ["http://127.0.0.1", /unknown scheme; write redis:/],
    ["toString://127.0.0.1", /is not a Redis URL/],
    ["constructor://127.0.0.1", /unknown scheme/],
    ["redis://127.0.0.1:70000", /write host:port, with a port below 65536/],
    ["redis://127.0.0.1:0", /port below 65536/],
    ["redis://a,,b", /address that cannot be read/],
    ["redis://a,b", /use redis\+sentinel:\/\/ or redis\+cluster:/],
    ["redis://a/main", /database that is no number; write redis:\/\/host:port\/0/],
    ["redis+sentinel://a:26379", /names no primary; write redis\+sentinel:/],
    ["redis+cluster://a:7001/2", /has only 0; leave the path out/],
    ["redis://secret@a", /write user:password@/],
    ["redis://:%zz@a", /special characters as %XX/]
  ])("%j says what to write instead", (url, expected) => {
    assert.match(Result.getOrThrow(Result.flip(parseRedisUrl(url))), expected)
  })

  it.each([
    "redis://:hunter2@127.0.0.1:99999",
    "nope://:hunter2@127.0.0.1",
    "redis://:hunter2%zz@127.0.0.1",
    "redis://:hunter2@a/b/c",
    "redis+cluster://:hunter2@a/4"
  ])("never repeats the password of %s", (url) => {
    assert.notInclude(Result.getOrThrow(Result.flip(parseRedisUrl(url))), "hunter2")
  })

  it("is described without its credentials", () => {
    const describe = (url: string) => describeTarget(Result.getOrThrow(parseRedisUrl(url)))
    assert.strictEqual(describe("redis://weir:hunter2@127.0.0.1/2"), "127.0.0.1:6379")
    assert.strictEqual(describe("redis+cluster://:hunter2@[::1]:1,b:2"), "[::1]:1,b:2")
    assert.strictEqual(describe("redis+sentinel://:hunter2@a/weir"), "weir of a:26379")
  })
})
