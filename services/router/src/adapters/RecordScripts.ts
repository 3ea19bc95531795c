/**
 * RecordScripts: how a shard's record changes hands in Redis.
 */
import { script } from "@weir/redis/Script"

/**
 * KEYS: 1 the shard's record. ARGV: 1 to 3 node, term and view that are wanted; 4 the term
 * that was observed, "0" for none.
 *
 * Answers OK, or CHANGED (also if the wanted term would not be higher) or STALE (the record
 * is of a newer view), each with node, term and view of the record, "" if there is none.
 */
export const acquireScript = script(
  "acquire",
  `
local record = redis.call('HMGET', KEYS[1], 'n', 't', 'v')
local node, term, view = record[1] or '', record[2] or '', record[3] or ''
local present = term == '' and '0' or term
if present ~= ARGV[4] or tonumber(present) >= tonumber(ARGV[2]) then
  return {'CHANGED', node, term, view}
end
if view ~= '' and tonumber(view) > tonumber(ARGV[3]) then return {'STALE', node, term, view} end
redis.call('HSET', KEYS[1], 'n', ARGV[1], 't', ARGV[2], 'v', ARGV[3])
return {'OK'}
`
)
