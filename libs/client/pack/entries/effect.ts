/**
 * The published package's entry `@weir/client/effect`.
 */
export { make, Weir, type WeirShape } from "../../src/effect/Weir.ts"
export { WeirFailure } from "../../src/effect/WeirFailure.ts"
