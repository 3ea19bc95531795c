/**
 * PageSize: how many entries one page of a history or a roster may hold.
 */
import { type Failure, failure } from "./Failure.ts"

export const maxPageSize = 1_000
const defaultPageSize = 100

/** What a request's `limit` asks for; 0 leaves it to us. */
export const checkPageSize = (limit: number): number | Failure =>
  limit > maxPageSize
    ? failure("bad_request", `limit: ${limit}, at most ${maxPageSize}`)
    : limit === 0
      ? defaultPageSize
      : limit
