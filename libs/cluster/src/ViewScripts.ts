/**
 * ViewScripts: every step of the view, each decided inside Redis.
 *
 * KEYS: nodes (hash: name to JSON), beats (hash: name to "incarnation:counter"),
 * version. All three have one tag, so that they are in one slot. The last
 * argument of every script is the version that the caller knows.
 *
 * Every answer is {tag, version, beats, nodes}; the nodes are left out when the
 * caller knows this version already.
 */
import { script } from "@weir/redis/Script"

export const viewKeys = ["weir:{view}:nodes", "weir:{view}:beats", "weir:{view}:version"] as const

/**
 * How far the version leaps where Redis is behind a caller: it has lost its memory, or
 * went back in time. Others may have seen some versions more than the one who tells it
 * again, and a version must never name two views.
 */
export const leap = 1_000

const prelude = `
local nodes, beats, versionKey = KEYS[1], KEYS[2], KEYS[3]
local known = tonumber(ARGV[#ARGV])
local stored = tonumber(redis.call('GET', versionKey) or '0')
local isBehind = stored < known
local function raise()
  stored = isBehind and known + ${leap} or stored + 1
  redis.call('SET', versionKey, string.format('%.0f', stored))
end
local function incarnationOf(name)
  local beat = redis.call('HGET', beats, name)
  return beat and string.match(beat, '^%d+')
end
local function answer(tag)
  local reply = {tag, string.format('%.0f', stored), redis.call('HGETALL', beats)}
  if stored ~= known then reply[4] = redis.call('HVALS', nodes) end
  return reply
end
`

/**
 * ARGV: name, JSON, incarnation, then (name, JSON, incarnation) of each node that the
 * caller knows, then the version. A Redis that is behind is given them all: otherwise
 * everybody would come back one by one, and every shard would move at each. `JOINED`,
 * or `NEWER` and the incarnation that holds the name as a fifth item.
 */
export const join = script(
  "view-join",
  `${prelude}
local name, node, incarnation = ARGV[1], ARGV[2], ARGV[3]
local held = incarnationOf(name)
if held and tonumber(held) > tonumber(incarnation) then
  local reply = answer('NEWER')
  reply[4] = reply[4] or {}
  reply[5] = held
  return reply
end
if isBehind then
  for i = 4, #ARGV - 1, 3 do
    redis.call('HSETNX', nodes, ARGV[i], ARGV[i + 1])
    redis.call('HSETNX', beats, ARGV[i], ARGV[i + 2] .. ':0')
  end
end
redis.call('HSET', nodes, name, node)
redis.call('HSET', beats, name, incarnation .. ':1')
raise()
return answer('JOINED')`
)

/**
 * ARGV: name, incarnation, version. `BEAT`; `GONE` if the node is not there, with a version
 * below the known one if Redis has lost it; `REPLACED` if another life holds the name.
 */
export const beat = script(
  "view-beat",
  `${prelude}
local name, incarnation = ARGV[1], ARGV[2]
local beat = redis.call('HGET', beats, name)
if not beat then return answer('GONE') end
local held, counter = string.match(beat, '^(%d+):(%d+)$')
if held ~= incarnation then return answer('REPLACED') end
redis.call('HSET', beats, name, held .. ':' .. string.format('%.0f', tonumber(counter) + 1))
if isBehind then raise() end
return answer('BEAT')`
)

/** ARGV: version. `SEEN`. */
export const look = script("view-look", `${prelude}return answer('SEEN')`)

/** ARGV: name, observed beat, version. `EVICTED`, or `KEPT` if the beat is not that any more. */
export const evict = script(
  "view-evict",
  `${prelude}
if redis.call('HGET', beats, ARGV[1]) ~= ARGV[2] then return answer('KEPT') end
redis.call('HDEL', nodes, ARGV[1])
redis.call('HDEL', beats, ARGV[1])
raise()
return answer('EVICTED')`
)

/** ARGV: name, incarnation, JSON, version. `UPDATED`, or `GONE` if this life is not in the view. */
export const update = script(
  "view-update",
  `${prelude}
if incarnationOf(ARGV[1]) ~= ARGV[2] then return answer('GONE') end
redis.call('HSET', nodes, ARGV[1], ARGV[3])
raise()
return answer('UPDATED')`
)

/** ARGV: name, incarnation, version. `LEFT`, or `GONE` if this life is not in the view. */
export const leave = script(
  "view-leave",
  `${prelude}
if incarnationOf(ARGV[1]) ~= ARGV[2] then return answer('GONE') end
redis.call('HDEL', nodes, ARGV[1])
redis.call('HDEL', beats, ARGV[1])
raise()
return answer('LEFT')`
)
