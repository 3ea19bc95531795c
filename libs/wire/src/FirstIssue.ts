/**
 * FirstIssue: what is wrong with JSON that does not fit its schema, as one failure for a person.
 */
import { type Failure, failure } from "@weir/core/Failure"
import { SchemaIssue } from "effect"

const formatIssue = SchemaIssue.makeFormatterStandardSchemaV1()

/** Names the field by its path; `root` stands before it, where the JSON is a part of something. */
export const firstIssue = (issue: SchemaIssue.Issue, ...root: ReadonlyArray<string>): Failure => {
  const [first] = formatIssue(issue).issues
  const path = [...root, ...(first?.path ?? [])].join(".")
  const message = first?.message ?? "not valid"
  return failure("bad_request", path === "" ? message : `${path}: ${message}`)
}
