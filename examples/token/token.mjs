// A token for a client, good for ten minutes: WEIR_SECRET=… node examples/token/token.mjs ann
import { createHmac } from "node:crypto"

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url")

export function tokenFor(user, secret) {
  const now = Math.floor(Date.now() / 1000)
  const text = [
    { alg: "HS256", kid: "2026-11" },
    {
      iss: "https://login.example.com",
      aud: "weir",
      sub: user,
      iat: now,
      exp: now + 600,
      capabilities: { "chat:*": ["subscribe", "publish", "history", "presence", "signal"] }
    }
  ].map(encode)
  const signature = createHmac("sha256", secret).update(text.join("."))
  return [...text, signature.digest("base64url")].join(".")
}

console.log(tokenFor(process.argv[2], process.env.WEIR_SECRET))
