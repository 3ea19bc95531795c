import { createHmac } from "node:crypto"
import { assert, describe, it } from "@effect/vitest"
import { benchIssuer, signToken, trusting } from "./Token.ts"

const read = (part: string) => JSON.parse(Buffer.from(part, "base64url").toString())

describe("signToken", () => {
  it("is signed with the key that the configuration trusts", () => {
    const { audience, issuer, keys } = trusting(benchIssuer)
    const [header, claims, signature] = signToken(benchIssuer, "ann", 1_700_000_000_000).split(".")

    assert.strictEqual(read(header!).kid, keys[0]!.id)
    assert.strictEqual(read(header!).alg, keys[0]!.algorithm)
    assert.strictEqual(read(claims!).iss, issuer)
    assert.strictEqual(read(claims!).aud, audience)
    assert.strictEqual(
      signature,
      createHmac("sha256", keys[0]!.secret).update(`${header}.${claims}`).digest("base64url")
    )
  })

  it("names its user and is valid for an hour from now", () => {
    const [, claims] = signToken(benchIssuer, "ann", 1_700_000_000_999).split(".")

    const { exp, iat, sub } = read(claims!)
    assert.deepStrictEqual([sub, iat, exp], ["ann", 1_700_000_000, 1_700_003_600])
  })
})
