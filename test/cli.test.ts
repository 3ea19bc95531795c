/**
 * `weir` in a shell, beside a Weir that runs: what is printed, what is said, and how it ends.
 */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { freePort } from "./harness/freePort.ts"
import { connectJson } from "./harness/JsonClient.ts"
import { PublishClient } from "./harness/PublishClient.ts"
import { runWeir, startWeir, type WeirCommand, whereIs } from "./harness/WeirCommand.ts"
import { developmentToken, start, type WeirProcess } from "./harness/WeirProcess.ts"

const jsonOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))

describe("weir", () => {
  let server: WeirProcess
  let service: PublishClient
  let env: Readonly<Record<string, string>>
  const open: Array<WeirCommand> = []
  let count = 0
  /** A channel of one test alone. */
  const newChannel = () => `chat:cli-${++count}`

  beforeAll(async () => {
    server = await start({ program: "standalone" })
    service = new PublishClient(server.grpc!)
    env = whereIs(server)
  })
  afterAll(async () => {
    for (const { child } of open) child.kill("SIGKILL")
    service?.close()
    await server?.stop()
  })

  const weir = (...args: ReadonlyArray<string>) => runWeir(args, env)
  /** Published by whom it does not matter here. */
  const say = (channel: string, ...texts: ReadonlyArray<string>) =>
    service.publishAll(
      texts.map((text) => ({ channel, data: Buffer.from(text), content_type: "text/plain" }))
    )
  const following = async (...args: ReadonlyArray<string>) => {
    const command = startWeir(["subscribe", ...args], env)
    open.push(command)
    await command.said(/listening from offset/)
    return command
  }

  describe("subscribe", () => {
    it("prints when, who and what, and ends after as many as asked for", async () => {
      const channel = newChannel()
      const follower = await following(channel, "--count", "2")

      await weir("publish", channel, '{"text": "hi"}')
      await weir("publish", channel, "Dinner is ready")

      const { code, err, out } = await follower.ended
      assert.strictEqual(code, 0)
      const [first, second, ...more] = out.trimEnd().split("\n")
      assert.match(first!, /^\d\d:\d\d:\d\d {2}dev-key {3}\{"text":"hi"\}$/)
      assert.match(second!, /^\d\d:\d\d:\d\d {2}dev-key {3}Dinner is ready$/)
      assert.isEmpty(more)
      assert.match(err, /^weir: connected to http:\/\/127\.0\.0\.1:\d+ as ann$/m)
    })

    it("gives a program one object for each event, and begins as far back as asked", async () => {
      const channel = newChannel()
      await say(channel, "one", "two")
      await service.publish({ channel, data: Buffer.from('{"n":3}') })

      const { out } = await weir("subscribe", channel, "--rewind", "2", "--count", "2", "--json")

      const [subscribed, two, three, ...more] = jsonOf(out)
      assert.strictEqual(subscribed.type, "subscribed")
      assert.strictEqual(subscribed.channel, channel)
      assert.strictEqual(subscribed.next, 2)
      assert.hasAllKeys(two, [
        ...["type", "channel", "position", "messageId", "publisher", "publishedAt"],
        ...["contentType", "encoding", "data"]
      ])
      assert.deepInclude(two, { type: "publication", encoding: "text", data: "two" })
      assert.strictEqual(two.position.offset, 2)
      assert.deepInclude(three, { publisher: "dev-key", data: { n: 3 } })
      assert.isEmpty(more)
    })

    it("names the channel where it follows several", async () => {
      const [one, other] = [newChannel(), newChannel()]
      const follower = await following(one, other, "--count", "1")
      await follower.said(new RegExp(`${other}: listening`))

      await say(other, "here")

      assert.match((await follower.ended).out, new RegExp(`  ${other}  dev-key   here\n$`))
    })

    it("shows nobody's control characters to the terminal", async () => {
      const channel = newChannel()
      const follower = await following(channel, "--count", "1")

      await say(channel, "\u001b[2Jgone\u009b1A")

      assert.match((await follower.ended).out, /\\u\{1b\}\[2Jgone\\u\{9b\}1A\n$/)
    })

    it("ends with 0 when it is told to end", async () => {
      const follower = await following(newChannel())

      assert.strictEqual((await follower.stop("SIGINT")).code, 0)
    })

    it("ends quietly when whoever reads has seen enough", async () => {
      const channel = newChannel()
      const follower = await following(channel)
      follower.child.stdout!.destroy()

      await say(channel, "unheard")

      const { code, err } = await follower.ended
      assert.strictEqual(code, 0)
      assert.notInclude(err, "EPIPE")
    })

    it("says why it may not, and ends", async () => {
      const { code, err } = await weir("subscribe", "nowhere:1")

      assert.strictEqual(code, 1)
      assert.match(err, /^weir: nowhere:1: .*no namespace "nowhere".* \(unknown_namespace\)$/m)
    })
  })

  describe("publish", () => {
    it("prints the position, and says when it was published before", async () => {
      const channel = newChannel()
      const first = await weir("publish", channel, "1", "--message-id", "m-1", "--json")
      const again = await weir("publish", channel, "1", "--message-id", "m-1", "--json")

      const [published] = jsonOf(first.out)
      assert.hasAllKeys(published, ["channel", "position", "duplicate"])
      assert.hasAllKeys(published.position, ["epoch", "term", "offset"])
      assert.isFalse(published.duplicate)
      assert.deepStrictEqual(jsonOf(again.out), [{ ...published, duplicate: true }])
      const read = await weir("publish", channel, "2")
      assert.match(read.out, new RegExp(`^${channel}  offset 2  epoch \\S+  term \\d+\n$`))
    })

    it("publishes each line of its input, in order, and none twice", async () => {
      const channel = newChannel()
      const lines = Array.from({ length: 3_000 }, (_, n) => `{"n":${n}}`)
      const input = `${lines.join("\n")}\n\nthe end`

      const args = ["publish", channel, "--message-id", "file"]
      const first = await runWeir(args, env, input)
      const again = await runWeir([...args, "--json"], env, input)

      assert.strictEqual(first.out, `${channel}  offsets 1 to 3001\n`)
      assert.match(first.err, /^weir: 3,001 published/)
      assert.isTrue(jsonOf(again.out).every(({ duplicate }) => duplicate))
      const { out } = await weir("history", channel, "--limit", "5000", "--json")
      const data = jsonOf(out).map((it) => it.data)
      assert.deepStrictEqual(data, [...lines.map((_, n) => ({ n })), "the end"])
    })

    it("leaves out the line that is too long, says which, and does not call that done", async () => {
      const channel = newChannel()
      const input = ["a", "b".repeat(70_000), "", "c"].join("\n")

      const { code, err, out } = await runWeir(["publish", channel], env, input)

      assert.strictEqual(code, 1)
      assert.strictEqual(out, `${channel}  offsets 1 to 2\n`)
      assert.match(err, /^weir: line 2 is not published: .*65536/m)
    })

    it("stops at the first line where the channel is refused", async () => {
      const { code, err, out } = await runWeir(["publish", "nowhere:1"], env, "a\nb\nc\n")

      assert.strictEqual(code, 1)
      assert.strictEqual(out, "")
      assert.match(err, /^weir: channel: no namespace "nowhere" \(unknown_namespace\)\n$/)
    })
  })

  describe("history", () => {
    it("prints the newest, the newest last or first", async () => {
      const channel = newChannel()
      await say(channel, "a", "b", "c", "d")
      const shown = async (...args: ReadonlyArray<string>) =>
        (await weir("history", channel, ...args)).out.replace(/^ *(\d+) {2}\S+ {2}\S+ +/gm, "$1")

      assert.strictEqual(await shown("--limit", "2"), "3c\n4d\n")
      assert.strictEqual(await shown("--limit", "2", "--reverse"), "4d\n3c\n")
      assert.strictEqual(await shown("--after", "1"), "2b\n3c\n4d\n")
    })

    it("says so where there is nothing", async () => {
      const { code, err, out } = await weir("history", "live:nothing")

      assert.deepStrictEqual([code, out, err], [0, "", "weir: live:nothing holds nothing\n"])
    })
  })

  it("prints a token that a client may use, as another user", async () => {
    const { out } = await weir("token", "--user", "bob")
    const follower = startWeir(["subscribe", "chat:lobby"], { ...env, WEIR_TOKEN: out.trim() })
    open.push(follower)

    await follower.said(/as bob$/m)
  })

  it("tells who is in a channel, who comes, and what they say in passing", async () => {
    const channel = newChannel()
    const follower = await following(channel, "--presence", "--signals")
    const token = await developmentToken(server.http!, "bob")
    const member = { data: { colour: "teal" } }
    const bob = await connectJson(server.http!, { token, subscriptions: [{ channel, member }] })
    await follower.printed(1)
    bob.send("signal", { channel, data: { typing: true } })

    const [came, said] = await follower.printed(2)
    const { out } = await weir("presence", channel)
    const counts = await weir("presence", channel, "--counts", "--json")
    bob.close()

    assert.match(came!, /^\S+ {2}\+ bob {7}\{"colour":"teal"\}$/)
    assert.match(said!, /^\S+ {2}~ bob {7}\{"typing":true\}$/)
    assert.match(out, /^bob {7}since \d\d:\d\d:\d\d {2}\{"colour":"teal"\}\n$/)
    assert.deepStrictEqual(jsonOf(counts.out), [{ channel, members: 1, users: 1 }])
  })

  it("lists channels and shows the ring", async () => {
    const channel = newChannel()
    await say(channel, "1")

    const [listed] = jsonOf((await weir("channels", channel, "--json")).out)
    assert.deepInclude(listed, { channel, owner: "router-1", connectors: 0 })
    assert.strictEqual(listed.position.offset, 1)
    assert.match((await weir("channels")).out, new RegExp(`^${channel} +1  router-1 +0$`, "m"))
    assert.match((await weir("ring")).out, /^ {2}router-1 +router +1024 {2}100\.0 %$/m)
  })
})

describe("weir without what it needs", () => {
  const nowhere = { WEIR_URL: "http://127.0.0.1:9", WEIR_API: "127.0.0.1:9" }

  it.each([
    ["subscribe", ["subscribe", "chat:a"]],
    ["subscribe with a token", ["subscribe", "chat:a", "--token", "t"]],
    ["publish of lines", ["publish", "chat:a"]]
  ])("ends with 69 where nothing answers: %s", async (_title, args) => {
    const { code, err, out } = await runWeir(args, nowhere, "1\n")

    assert.deepStrictEqual([code, out], [69, ""])
    assert.match(err, /^weir: [^\n]*127\.0\.0\.1:9[^\n]*\n$/)
  })

  it("ends with 2 where it is used in a wrong way, and with 0 where help is wanted", async () => {
    const [wrong, help] = await Promise.all([
      runWeir(["ring", "--jso"]),
      runWeir(["ring", "--help"])
    ])

    assert.deepStrictEqual([wrong.code, wrong.out], [2, ""])
    assert.match(wrong.err, /^weir: [^\n]*--jso[^\n]*: weir ring --help shows how\n$/)
    assert.deepStrictEqual([help.code, help.err], [0, ""])
    assert.match(help.out, /EXAMPLES[\s\S]* {2}weir ring\n/)
  })
})

describe("weir, while the server is restarted", () => {
  let server: WeirProcess | undefined
  const open: Array<WeirCommand> = []
  const ports: Record<string, string> = {}
  const startAgain = async () => {
    server = await start({ program: "standalone", env: ports })
    return whereIs(server)
  }
  beforeAll(async () => {
    ports["WEIR_HTTP_PORT"] = String(await freePort())
    ports["WEIR_GRPC_PORT"] = String(await freePort())
  })
  afterAll(async () => {
    for (const { child } of open) child.kill("SIGKILL")
    await server?.stop()
  })

  it("goes on listening and publishing, and tells what it lost", async () => {
    const env = await startAgain()
    const follower = startWeir(["subscribe", "chat:lobby"], env)
    const publisher = startWeir(["publish", "chat:lobby", "--json"], env)
    open.push(follower, publisher)
    await follower.said(/listening/)
    publisher.child.stdin!.write("before\n")
    await follower.printed(1)

    await server!.stop()
    publisher.child.stdin!.write("meanwhile\n")
    await follower.said(/the connection is lost; trying to come back/)
    await startAgain()
    await follower.said(/connected again, after/)
    // Its log was in memory: so this is what there is to be told.
    await follower.said(
      /chat:lobby: the log has begun anew; what was published meanwhile may be missing/
    )
    publisher.child.stdin!.end("after\n")

    assert.strictEqual((await publisher.ended).code, 0)
    assert.lengthOf(publisher.lines(), 3)
    const printed = await follower.printed(2)
    assert.match(printed.at(-1)!, /after$/)
    assert.strictEqual((await follower.stop()).code, 0)
  })
})
