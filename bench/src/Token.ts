/**
 * Token: tokens as a customer's own backend signs them, HS256, and the
 * configuration that trusts them.
 */
import { createHmac } from "node:crypto"

export interface Issuer {
  readonly issuer: string
  readonly audience: string
  readonly keyId: string
  /** At least 32 bytes. */
  readonly secret: string
}

export const benchIssuer: Issuer = {
  issuer: "https://issuer.bench",
  audience: "weir-bench",
  keyId: "bench",
  secret: "a secret of at least thirty-two bytes"
}

/** The `auth` of a weir.json. */
export const trusting = ({ audience, issuer, keyId, secret }: Issuer) => ({
  issuer,
  audience,
  keys: [{ id: keyId, algorithm: "HS256", secret }]
})

const part = (json: object): string => Buffer.from(JSON.stringify(json)).toString("base64url")

const lifetimeSeconds = 3_600

/** For an hour, and for everything in the development namespaces. */
export const signToken = (
  { audience, issuer, keyId, secret }: Issuer,
  user: string,
  nowMillis: number
): string => {
  const iat = Math.floor(nowMillis / 1000)
  const all = ["subscribe", "publish", "history", "presence"]
  const signed = [
    part({ alg: "HS256", typ: "JWT", kid: keyId }),
    part({
      ...{ iss: issuer, aud: audience, sub: user, iat, exp: iat + lifetimeSeconds },
      capabilities: { "chat:*": all, "live:*": all, "state:*": all }
    })
  ].join(".")
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`
}
