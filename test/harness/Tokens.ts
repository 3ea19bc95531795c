/**
 * Tokens: an issuer outside Weir, and the configuration that trusts it.
 */
import { type JWTPayload, SignJWT } from "jose"

export const tokenSecret = "a secret of at least thirty-two bytes"

/** The `auth` of a configuration that accepts these tokens. */
export const auth = {
  issuer: "https://issuer.test",
  audience: "weir-test",
  keys: [{ id: "hs", algorithm: "HS256", secret: tokenSecret }]
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000)

export interface TokenOptions {
  readonly claims?: JWTPayload
  readonly secret?: string
  readonly header?: object
}

/** A token that is accepted, but for what the options say. */
export const signToken = ({ claims, header, secret }: TokenOptions = {}): Promise<string> =>
  new SignJWT({
    iss: auth.issuer,
    aud: auth.audience,
    sub: "ann",
    iat: nowSeconds(),
    exp: nowSeconds() + 3_600,
    ...claims
  })
    .setProtectedHeader({ alg: "HS256", kid: "hs", ...header })
    .sign(new TextEncoder().encode(secret ?? tokenSecret))

export const tokenFor = (
  user: string,
  capabilities?: Readonly<Record<string, ReadonlyArray<string>>>
): Promise<string> =>
  signToken({ claims: { sub: user, ...(capabilities === undefined ? {} : { capabilities }) } })
