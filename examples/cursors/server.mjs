// The page's files, and a token for whoever opens it: node examples/cursors/server.mjs
import { createHmac } from "node:crypto"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"

const read = (name) => readFile(new URL(name, import.meta.url))
const { auth } = JSON.parse(await read("weir.json"))

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")

function tokenFor(user) {
  const [{ id, secret }] = auth.keys
  const now = Math.floor(Date.now() / 1000)
  const may = { "room:*": ["subscribe", "history", "presence", "signal"] }
  const claims = { iss: auth.issuer, aud: auth.audience, sub: user, iat: now, exp: now + 600 }
  const text = `${encode({ alg: "HS256", kid: id })}.${encode({ ...claims, capabilities: may })}`
  return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`
}

// Only these: weir.json has the secret in it.
const files = /^\/(index\.html|cursors\.js|dist\/package\/[\w/-]+\.js)$/

async function answer(url) {
  // Here your backend looks at its own session to know who this is.
  if (url.pathname === "/token") return ["text/plain", tokenFor(url.searchParams.get("user"))]
  const [, name] = files.exec(url.pathname === "/" ? "/index.html" : url.pathname)
  return [name.endsWith(".js") ? "text/javascript" : "text/html", await read(name)]
}

createServer((request, response) =>
  answer(new URL(request.url, "http://127.0.0.1:3000")).then(
    ([type, body]) => response.setHeader("content-type", type).end(body),
    () => response.writeHead(404).end("not here\n")
  )
).listen(3000, "127.0.0.1", () => console.log("Open http://127.0.0.1:3000/?user=ann"))
