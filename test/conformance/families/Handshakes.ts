/**
 * Handshakes: requests that open a WebSocket, and those that do not (RFC 6455 §4).
 */
import { hex, range } from "../Case.ts"
import { byteByByte, ping } from "../RawFrame.ts"
import { exampleKey, type Headers, upgradeRequest } from "../UpgradeRequest.ts"

export interface Handshake {
  readonly title: string
  readonly section: string
  /** Each is written by itself. */
  readonly sends: ReadonlyArray<string | Uint8Array>
  /** "cut": no response at all. */
  readonly status: number | "cut"
  /** Headers of the response, with what they have to say; undefined: not there. */
  readonly headers?: Readonly<Record<string, string | undefined>>
  /** The code in the JSON of a refusal of ours. */
  readonly says?: string
  /** Payloads of pongs that the request was followed by. */
  readonly pongs?: ReadonlyArray<string>
  readonly nonStrict?: string
}

const quoted = (value: string | undefined): string =>
  value === undefined ? "none" : JSON.stringify(value)

export const opens = (
  title: string,
  section: string,
  headers: Headers,
  more: Partial<Handshake> = {}
): Handshake => ({
  title: `opens with ${title}`,
  section,
  sends: [upgradeRequest(headers)],
  status: 101,
  ...more
})

const refuses = (
  status: number,
  title: string,
  section: string,
  headers: Headers,
  more: Partial<Handshake> = {}
): Handshake => ({
  title: `refuses ${title} with ${status}`,
  section,
  sends: [upgradeRequest(headers)],
  status,
  says: "bad_request",
  ...more
})

const usual: ReadonlyArray<Handshake> = [
  opens("the key of the RFC's example", "§1.3, §4.2.2", {}),
  ...["AAAAAAAAAAAAAAAAAAAAAA==", "//////////////////////==", "AQIDBAUGBwgJCgsMDQ4PEC=="].map(
    (key) => opens(`the key ${key}`, "§4.2.2", { "Sec-WebSocket-Key": key })
  ),
  opens("spaces around the key", "§4.2.1", { "Sec-WebSocket-Key": `  ${exampleKey}\t` })
]

const versions = [
  ...["0", "4", "6", "7", "8", "12", "14", "25", "255", "256", "-1", "", "thirteen"],
  ...["013", "+13", "0x0d", "13.0", "13, 8", "8, 13"]
].map((version) =>
  refuses(426, `version ${quoted(version)}`, "§4.2.2, §4.4", { "Sec-WebSocket-Version": version })
)

const moreVersions: ReadonlyArray<Handshake> = [
  refuses(426, "no version", "§4.2.1, §4.4", { "Sec-WebSocket-Version": undefined }),
  refuses(426, "two versions", "§11.3.5", { "Sec-WebSocket-Version": ["13", "13"] })
]

const asksForVersion = { headers: { "sec-websocket-version": "13", upgrade: "websocket" } }

const keys = [
  ["no key", undefined],
  ["an empty key", ""],
  ["a key of 3 bytes", "AAAA"],
  ["a key of 15 bytes", "AAAAAAAAAAAAAAAAAAAA"],
  ["a key of 17 bytes", "AAAAAAAAAAAAAAAAAAAAAAA="],
  ["a key of 18 bytes", "AAAAAAAAAAAAAAAAAAAAAAAA"],
  ["a key of 32 bytes", `${"A".repeat(43)}=`],
  ["a key without its padding", "AAAAAAAAAAAAAAAAAAAAAA"],
  ["a key that is no base64", "dGhlIHNhbXBsZSBub25jZ!=="],
  ["a key in the base64 of addresses", "-_____________________=="],
  ["a key with a space", "dGhlIHNhbXB ZSBub25jZQ=="],
  ["two keys", [exampleKey, exampleKey]]
] as const

const noUpgrade = "no WebSocket is asked for, and nothing else is to be had at this path"

const upgrades: ReadonlyArray<Handshake> = [
  ...["WebSocket", "WEBSOCKET"].map((it) => opens(`Upgrade: ${it}`, "§4.2.1", { Upgrade: it })),
  ...["websockets", "h2c", "web socket", "websocket/13", ""].map((it) =>
    refuses(
      404,
      `Upgrade: ${quoted(it)}`,
      `§4.2.1; ${noUpgrade}`,
      { Upgrade: it },
      {
        says: "nothing"
      }
    )
  ),
  refuses(
    404,
    "a choice of upgrades",
    `§4.2.1; ${noUpgrade}`,
    { Upgrade: "h2c, websocket" },
    {
      says: "nothing",
      nonStrict:
        "A list in `Upgrade`, which HTTP allows, is none: RFC 6455 has one value, and no client sends more"
    }
  ),
  {
    title: "answers a request that offers another upgrade as any other",
    section: "RFC 9110 §7.8",
    sends: [
      `${upgradeRequest({ Upgrade: "h2c", "Content-Length": "15" }, "POST /dev/token HTTP/1.1")}{"user":"bell"}`
    ],
    status: 200
  },
  ...["upgrade", "UPGRADE", "keep-alive, Upgrade", "Upgrade, keep-alive", "keep-alive,upgrade"].map(
    (it) => opens(`Connection: ${it}`, "§4.2.1", { Connection: it })
  ),
  opens("two lines of Connection", "§4.2.1", { Connection: ["keep-alive", "Upgrade"] }),
  ...[undefined, "close", "keep-alive", "Upgraded"].map((it) =>
    refuses(
      404,
      `Connection: ${it ?? "none"}`,
      `§4.2.1; ${noUpgrade}`,
      { Connection: it },
      {
        says: "nothing"
      }
    )
  ),
  refuses(
    404,
    "a request without Upgrade",
    `§4.2.1; ${noUpgrade}`,
    { Upgrade: undefined },
    {
      says: "nothing"
    }
  )
]

const starts = (
  [
    ["POST /v1/ws HTTP/1.1", 405],
    ["PUT /v1/ws HTTP/1.1", 405],
    ["DELETE /v1/ws HTTP/1.1", 405],
    ["OPTIONS /v1/ws HTTP/1.1", 405],
    ["HEAD /v1/ws HTTP/1.1", 405],
    ["GET /v1/ws HTTP/1.0", 400],
    ["GET / HTTP/1.1", 404],
    ["GET /v1/ws/ HTTP/1.1", 404],
    ["GET /v1/WS HTTP/1.1", 404],
    ["GET /v1/ws%2f HTTP/1.1", 404],
    ["GET //v1/ws HTTP/1.1", 404],
    ["GET * HTTP/1.1", 404]
  ] as const
).map(([start, status]) =>
  refuses(
    status,
    start,
    "§4.1, §4.2.1",
    {},
    {
      sends: [upgradeRequest({}, start)],
      ...(status === 405 ? { headers: { allow: "GET" } } : {})
    }
  )
)

const opened = [
  "GET /v1/ws?token=none HTTP/1.1",
  "GET /v1/ws? HTTP/1.1",
  "GET http://weir.test/v1/ws HTTP/1.1",
  "GET https://weir.test:8443/v1/ws?a=b HTTP/1.1"
].map((start) => opens(start, "§4.1, §4.2.1", {}, { sends: [upgradeRequest({}, start)] }))

const hosts: ReadonlyArray<Handshake> = [
  refuses(400, "no Host", "§4.2.1", { Host: undefined }),
  refuses(400, "two Hosts", "§4.2.1, RFC 9112 §3.2", { Host: ["weir.test", "evil.test"] })
]

const chosen = (
  [
    ["no subprotocol", undefined, undefined],
    ["JSON", "weir.v1.json", "weir.v1.json"],
    ["protobuf", "weir.v1.proto", "weir.v1.proto"],
    ["both, JSON first", "weir.v1.json, weir.v1.proto", "weir.v1.json"],
    ["both, protobuf first", "weir.v1.proto,weir.v1.json", "weir.v1.proto"],
    ["one that nobody knows first", "soap, weir.v1.proto", "weir.v1.proto"],
    ["a secret beside it", "bearer.c2VjcmV0, weir.v1.json", "weir.v1.json"],
    ["tabs and spaces", "soap \t,\t  weir.v1.json", "weir.v1.json"],
    ["two lines", ["weir.v1.proto", "weir.v1.json"], "weir.v1.proto"]
  ] as const
).map(([what, offered, protocol]) =>
  opens(
    `${what} offered, and ${protocol ?? "none"} chosen`,
    "§4.2.2, §11.3.4",
    { "Sec-WebSocket-Protocol": offered },
    { headers: { "sec-websocket-protocol": protocol } }
  )
)

const offered = (
  [
    ["an unknown subprotocol", "soap"],
    ["several that nobody knows", "soap, wamp"],
    ["one in capitals", "WEIR.V1.JSON"],
    ["an empty subprotocol", ""],
    ["the same one twice", "weir.v1.json, weir.v1.json"],
    ["the same one in two lines", ["weir.v1.json", "weir.v1.json"]],
    ["a comma at the end", "weir.v1.json,"],
    ["a comma at the begin", ",weir.v1.json"],
    ["two words without a comma", "weir.v1.json soap"],
    ["a separator in a name", "weir.v1.json, a/b"],
    ["7 KB of spaces and nothing", " ".repeat(7_000)],
    ["7 KB of spaces within", `soap${" ".repeat(7_000)}wamp`]
  ] as const
).map(([what, value]) => refuses(400, what, "§4.2.2, §11.3.4", { "Sec-WebSocket-Protocol": value }))

const extensions = [
  "permessage-deflate",
  "permessage-deflate; client_max_window_bits, permessage-deflate",
  "x-webkit-deflate-frame",
  "a, b; c=d",
  ",;="
].map((offer) =>
  opens(
    `the extension ${JSON.stringify(offer)} offered, and takes none`,
    "§9.1",
    { "Sec-WebSocket-Extensions": offer },
    { headers: { "sec-websocket-extensions": undefined } }
  )
)

const origins = ["https://evil.example", "null", "", "http://127.0.0.1"].map((origin) =>
  refuses(
    403,
    `the Origin ${quoted(origin)}`,
    "§10.2",
    { Origin: origin },
    {
      says: "permission_denied"
    }
  )
)

/** Those that every request here has are among them. */
const headerLines = (count: number): Headers => ({ Filler: range(count - 5).map(() => "x") })

const limits: ReadonlyArray<Handshake> = [
  opens("64 headers", "§10.4; ours: 64", headerLines(64)),
  ...[65, 2_000].map((count) =>
    refuses(431, `${count} headers`, "§10.4; ours: 64", headerLines(count), { says: "nothing" })
  ),
  opens("7 KB of headers", "§10.4; ours: 8 KiB", { Filler: "x".repeat(7_000) }),
  refuses(
    431,
    "9 KB of headers",
    "§10.4; ours: 8 KiB",
    { Filler: "x".repeat(9_000) },
    {
      says: "nothing"
    }
  ),
  refuses(
    431,
    "32 KB of spaces where subprotocols are offered",
    "§10.4; ours: 8 KiB",
    { "Sec-WebSocket-Protocol": `soap${" ".repeat(32_768)}wamp` },
    { says: "nothing" }
  )
]

const malformed = (
  [
    ["lines that end with LF alone", upgradeRequest().replaceAll("\r\n", "\n")],
    ["a header without a colon", upgradeRequest().replace("Host:", "Host")],
    ["a space before a colon", upgradeRequest().replace("Upgrade:", "Upgrade :")],
    ["a NUL in a header", upgradeRequest({ Filler: "a\0b" })],
    ["what is no HTTP", Buffer.from("160301020001000100", "hex")],
    ["a frame", ping("too early")]
  ] as const
).map(([what, bytes]) =>
  refuses(400, what, "§4.2.1, RFC 9112 §2.2", {}, { sends: [bytes], says: "nothing" })
)

const request = upgradeRequest()

const segments: ReadonlyArray<Handshake> = [
  opens(
    "a request that TCP brings byte by byte",
    "§4.1",
    {},
    {
      sends: byteByByte(Buffer.from(request))
    }
  ),
  opens(
    "a request that is cut within its last line",
    "§4.1",
    {},
    {
      sends: [request.slice(0, -1), request.slice(-1)]
    }
  ),
  opens(
    "a request that a frame follows in its segment, and reads that",
    "§4.1",
    {},
    {
      sends: [Buffer.concat([Buffer.from(request), ping("at once")])],
      pongs: [hex("at once")]
    }
  ),
  opens(
    "a request that half a frame follows in its segment, and reads that",
    "§4.1",
    {},
    {
      sends: [
        Buffer.concat([Buffer.from(request), ping("at once").subarray(0, 7)]),
        ping("at once").subarray(7)
      ],
      pongs: [hex("at once")]
    }
  )
]

export const handshakes: ReadonlyArray<Handshake> = [
  ...usual,
  ...[...versions, ...moreVersions].map((row) => ({ ...row, ...asksForVersion })),
  ...keys.map(([what, key]) => refuses(400, what, "§4.2.1", { "Sec-WebSocket-Key": key })),
  ...upgrades,
  ...starts,
  ...opened,
  {
    title: "cuts off CONNECT",
    section: "§4.1",
    sends: [upgradeRequest({}, "CONNECT /v1/ws HTTP/1.1")],
    status: "cut"
  },
  ...hosts,
  ...chosen,
  ...offered,
  ...extensions,
  ...origins,
  ...limits,
  ...malformed,
  ...segments
]
