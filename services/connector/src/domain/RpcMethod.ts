/**
 * RpcMethod: which handler answers a method.
 *
 * A pattern is a method's whole name, or a prefix and `*`; the longest that matches counts, as
 * with capabilities.
 */
import { type Failure, failure } from "@weir/core/Failure"

/** It becomes a header, a label of a metric and a line of a log. */
const methodName = /^[A-Za-z0-9_.:/-]{1,128}$/

export const checkMethod = (method: string): Failure | undefined =>
  methodName.test(method)
    ? undefined
    : failure("bad_request", "method: must be 1 to 128 letters, digits, _ . : / and -")

const matches = (pattern: string, method: string): boolean =>
  pattern.endsWith("*") ? method.startsWith(pattern.slice(0, -1)) : pattern === method

/** Of those that match, the longest: a whole name is longer than any prefix of it. */
export const handlerFor = <H extends { readonly methods: string }>(
  handlers: ReadonlyArray<H>,
  method: string
): H | undefined => {
  const rank = ({ methods }: H) => (methods.endsWith("*") ? methods.length - 1 : methods.length + 1)
  return handlers
    .filter(({ methods }) => matches(methods, method))
    .sort((one, other) => rank(other) - rank(one))[0]
}
