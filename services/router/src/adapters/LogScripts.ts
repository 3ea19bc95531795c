/**
 * LogScripts: the steps of a channel's log in Redis, each whole or not at all.
 *
 * KEYS of all: 1 the shard's record, 2 meta, 3 stream, 4 and 5 two hashes of message
 * ids. ARGV[1] of all: the caller's term; another one in the record answers FENCED.
 * What is in the keys: `LogPrelude`.
 */
import { script } from "@weir/redis/Script"
import { maxIds } from "../domain/DedupeWindow.ts"
import { prelude } from "./LogPrelude.ts"

/**
 * ARGV: 2 to 4 epoch, offset and term of the head that is to be followed; 5 historySize;
 * 6 historyBytes; 7 publishedAt of the oldest to keep; 8 to 10 expiry of stream, meta and
 * ids in milliseconds; 11 turns of the ids that are due: 0, 1 or 2. Then for each entry:
 * its field among the ids or "", term, publishedAt, bytes.
 *
 * Answers OK, or having written nothing: FENCED term; DUP and pairs of an entry's index and
 * "epoch:term:offset"; MISMATCH epoch offset term publishedAt, each "" if there is no log.
 * A log whose stream goes beyond its head ends with the answer that there is none.
 */
export const appendScript = script(
  "append",
  `${prelude}
local first, width, chunk = 12, 4, 500
local refused = fenced()
if refused then return refused end
local log = load()
if not log then return {'MISMATCH', '', '', '', ''} end

local young, old = ids[log.y + 1], ids[2 - log.y]
local turns = tonumber(ARGV[11])
local fields, indexes = {}, {}
for at = first, #ARGV, width do
  if ARGV[at] ~= '' then
    fields[#fields + 1] = ARGV[at]
    indexes[#indexes + 1] = (at - first) / width
  end
end
local known = {}
local function look(key)
  for from = 1, #fields, chunk do
    local upTo = math.min(#fields, from + chunk - 1)
    local values = redis.call('HMGET', key, unpack(fields, from, upTo))
    for at = from, upTo do
      local value = values[at - from + 1]
      if value then
        local epoch, offset = string.match(value, '^([^:]*):%d+:(%d+)$')
        if epoch == log.e and tonumber(offset) <= log.o then known[at] = value end
      end
    end
  end
end
-- What a turn that is due would forget is not known any more.
if turns < 1 then look(old) end
if turns < 2 then look(young) end
if next(known) then
  local answer = {'DUP'}
  for at = 1, #fields do
    if known[at] then
      answer[#answer + 1] = indexes[at]
      answer[#answer + 1] = known[at]
    end
  end
  -- A write, so that a WAIT after it waits for all that was written before.
  redis.call('PEXPIRE', meta, ARGV[9])
  return answer
end

if log.e ~= ARGV[2] or text(log.o) ~= ARGV[3] or log.t ~= ARGV[4] then
  return {'MISMATCH', head(log)}
end
local function broken()
  redis.call('UNLINK', meta)
  return {'MISMATCH', '', '', '', ''}
end
if not settle(log) then return broken() end

if log.f > log.o then log.q = tonumber(ARGV[first + 2]) end
local values = {}
for at = first, #ARGV, width do
  local field, term, published, bytes = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
  local added = redis.pcall('XADD', stream, idOf(log.o + 1), 't', term, 'a', published, 'p', bytes)
  if type(added) == 'table' then
    -- Only the first can be refused: for its id, or because memory is full.
    if string.find(added.err, 'equal or smaller', 1, true) then return broken() end
    return added
  end
  log.o, log.t, log.p, log.b = log.o + 1, term, published, log.b + #bytes
  if field ~= '' then
    values[#values + 1] = field
    values[#values + 1] = log.e .. ':' .. term .. ':' .. text(log.o)
  end
end
trim(log, tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]))

if turns == 0 and #values > 0 and redis.call('HLEN', young) >= ${maxIds} then turns = 1 end
if turns > 0 then
  redis.call('UNLINK', old)
  if turns > 1 then redis.call('UNLINK', young) end
  young = old
  log.y = 1 - log.y
end
for from = 1, #values, chunk do
  redis.call('HSET', young, unpack(values, from, math.min(#values, from + chunk - 1)))
end
if #values > 0 then redis.call('PEXPIRE', young, ARGV[10]) end
redis.call('HSET', meta, 'o', text(log.o), 't', log.t, 'p', log.p, 'f', text(log.f),
  'b', text(log.b), 'q', text(log.q), 'y', text(log.y))
redis.call('PEXPIRE', stream, ARGV[8])
redis.call('PEXPIRE', meta, ARGV[9])
return {'OK'}
`
)

/**
 * Reads a page, and begins a log where there is none. ARGV: 2 the epoch it would have;
 * 3 expiry of meta in milliseconds; 4 historySize; 5 historyBytes; 6 publishedAt of the
 * oldest to keep; 7 and 8 where the page begins: after, before (the newest first; 0: from
 * the head), last (so many), since (a time) or newest; 9 how many; 10 how many bytes, but
 * one entry at least; 11 the epoch of which anything is wanted, or "".
 *
 * Answers FENCED term, or OK epoch offset term publishedAt floor, term of the entry just
 * before the page or "", then the entries' bytes.
 */
export const pageScript = script(
  "page",
  `${prelude}
local refused = fenced()
if refused then return refused end
local log = load()
if log and not settle(log) then log = nil end
if not log then
  log = begin(ARGV[2], ARGV[3])
else
  trim(log, tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]))
  if log.moved then
    redis.call('HSET', meta, 'f', text(log.f), 'b', text(log.b), 'q', text(log.q))
  end
end

local limit, maxBytes = tonumber(ARGV[9]), tonumber(ARGV[10])
local function entryAt(offset)
  return redis.call('XRANGE', stream, idOf(offset), idOf(offset))[1]
end
local function since(millis)
  local low, high = log.f, log.o + 1
  while low < high do
    local middle = math.floor((low + high) / 2)
    local row = entryAt(middle)
    if row and publishedAt(row) < millis then low = middle + 1 else high = middle end
  end
  return low
end
local function collect(command, from, to)
  local page, sum = {}, 0
  local average = math.max(1, log.b / (log.o - log.f + 1))
  local step = command == 'XRANGE' and 1 or -1
  while #page < limit and sum < maxBytes and (to - from) * step >= 0 do
    -- About as many as there is room for: what is read beyond that is copied for nothing.
    local count = math.min(limit - #page, math.floor((maxBytes - sum) / average) + 1)
    local rows = redis.call(command, stream, idOf(from), idOf(to), 'COUNT', text(count))
    for _, row in ipairs(rows) do
      sum = sum + #bytesOf(row)
      if #page > 0 and sum > maxBytes then return page end
      page[#page + 1] = bytesOf(row)
    end
    if #rows < count then return page end
    from = from + step * #rows
  end
  return page
end

local kind, value = ARGV[7], tonumber(ARGV[8])
local page, begins = {}, log.o + 1
if log.f <= log.o and (ARGV[11] == '' or ARGV[11] == log.e) then
  if kind == 'before' then
    local from = value == 0 and log.o or math.min(value - 1, log.o)
    page = collect('XREVRANGE', from, log.f)
    if #page > 0 then begins = from - #page + 1 end
  else
    if kind == 'after' then begins = value + 1
    elseif kind == 'last' then begins = log.o + 1 - value
    elseif kind == 'since' then begins = since(value)
    else begins = log.o end
    begins = math.max(begins, log.f)
    page = collect('XRANGE', begins, log.o)
  end
end
local before = #page > 0 and begins > 1 and entryAt(begins - 1)
local answer = {'OK', log.e, text(log.o), log.t, log.p, text(log.f), before and termOf(before) or ''}
for _, bytes in ipairs(page) do answer[#answer + 1] = bytes end
return answer
`
)

/**
 * Begins another log in place of the one of an epoch, or where there is none. ARGV: 2 the
 * new epoch; 3 expiry of meta in milliseconds; 4 the epoch that is to end.
 *
 * Answers FENCED term, or OK epoch offset term publishedAt of the log there is now.
 */
export const renewScript = script(
  "renew",
  `${prelude}
local refused = fenced()
if refused then return refused end
local log = load()
if not log or log.e == ARGV[4] then log = begin(ARGV[2], ARGV[3]) end
return {'OK', head(log)}
`
)
