/**
 * RestrictionScripts: what Redis does as one step with restrictions.
 *
 * Three keys of one slot: `meta` (`e` epoch, `v` version of the last change, `f` up to which
 * version it is forgotten what was lifted), `all` (id to JSON) and `changes` (id by the version
 * of its last change). What is in `changes` and not in `all` was lifted.
 */
import { script } from "@weir/redis/Script"

export const restrictionKeys: ReadonlyArray<string> = [
  "weir:{restrictions}:meta",
  "weir:{restrictions}:all",
  "weir:{restrictions}:changes"
]

/** ARGV: id, JSON, how many there may be, an epoch if there is none. 1, or 0: it is full. */
export const putScript = script(
  "restrictions-put",
  `
local meta, all, changes = KEYS[1], KEYS[2], KEYS[3]
if redis.call('HEXISTS', all, ARGV[1]) == 0 and redis.call('HLEN', all) >= tonumber(ARGV[3]) then
  return 0
end
redis.call('HSETNX', meta, 'e', ARGV[4])
local version = redis.call('HINCRBY', meta, 'v', 1)
redis.call('HSET', all, ARGV[1], ARGV[2])
redis.call('ZADD', changes, version, ARGV[1])
return 1
`
)

/** ARGV: id. How many there were. */
export const liftScript = script(
  "restrictions-lift",
  `
local meta, all, changes = KEYS[1], KEYS[2], KEYS[3]
if redis.call('HDEL', all, ARGV[1]) == 0 then return 0 end
redis.call('ZADD', changes, redis.call('HINCRBY', meta, 'v', 1), ARGV[1])
return 1
`
)

/** ARGV: epoch, version, how many at most. Epoch, version, whole, more, then id and JSON of each. */
export const sinceScript = script(
  "restrictions-since",
  `
local meta, all, changes = KEYS[1], KEYS[2], KEYS[3]
local known = redis.call('HMGET', meta, 'e', 'v', 'f')
local epoch, version, floor = known[1], tonumber(known[2] or 0), tonumber(known[3] or 0)
if not epoch then return {'', 0, 0, 0} end
local from, whole = tonumber(ARGV[2]), 0
if ARGV[1] ~= epoch or from < floor then from, whole = 0, 1 end
if whole == 0 and from == version then return {epoch, version, 0, 0} end
local limit = tonumber(ARGV[3])
local page = redis.call('ZRANGEBYSCORE', changes, '(' .. from, '+inf', 'WITHSCORES', 'LIMIT', 0, limit)
local more = 0
if #page == 2 * limit then
  more = 1
  version = tonumber(page[#page])
end
local answer = {epoch, version, whole, more}
for at = 1, #page, 2 do
  answer[#answer + 1] = page[at]
  answer[#answer + 1] = redis.call('HGET', all, page[at]) or ''
end
return answer
`
)

/** ARGV: now, epoch, version, then ids. */
export const tidyScript = script(
  "restrictions-tidy",
  `
local meta, all, changes = KEYS[1], KEYS[2], KEYS[3]
for at = 4, #ARGV do
  local text = redis.call('HGET', all, ARGV[at])
  if text and cjson.decode(text)['until'] <= tonumber(ARGV[1]) then
    redis.call('HDEL', all, ARGV[at])
    redis.call('ZREM', changes, ARGV[at])
  end
end
if redis.call('HGET', meta, 'e') ~= ARGV[2] then return 0 end
local floor = tonumber(redis.call('HGET', meta, 'f') or 0)
for _, id in ipairs(redis.call('ZRANGEBYSCORE', changes, '-inf', ARGV[3], 'LIMIT', 0, 1000)) do
  if redis.call('HEXISTS', all, id) == 0 then redis.call('ZREM', changes, id) end
end
if tonumber(ARGV[3]) > floor then redis.call('HSET', meta, 'f', ARGV[3]) end
return 1
`
)
