/**
 * LogScripts: the steps of a channel's log in Redis, each whole or not at all.
 *
 * KEYS of each log: 1 the shard's record, 2 meta, 3 stream, 4 and 5 two hashes of message
 * ids. A caller's term that is not the record's is answered with FENCED. What is in the keys:
 * `LogPrelude`.
 */
import { script } from "@weir/redis/Script"
import { maxIds } from "../domain/DedupeWindow.ts"
import { prelude } from "./LogPrelude.ts"

/** One text, taken apart in 1 µs, in place of as many arguments. */
const appendTerms = Array.from({ length: 14 }, () => "(%S+)").join(" ")

/**
 * Appends to one log, or to many, each for itself. KEYS: five for each append. ARGV of each:
 * its terms, parted by spaces (how many blocks; how many ids; the caller's term; epoch, offset
 * and term of the head that is to be followed; historySize; historyBytes; publishedAt of the
 * oldest to keep; expiry of stream, meta and ids in milliseconds; 1 to set those anew, else 0;
 * turns of the ids that are due: 0, 1 or 2); then of each block the last offset, term,
 * publishedAt, ends and bytes; then of each id its field and its value, as it will be kept.
 *
 * Answers for each OK, or having written nothing: FENCED term; DUP and pairs of an id's index
 * and the value that is kept; MISMATCH epoch offset term publishedAt, each "" if there is no
 * log; or an error. A log whose stream goes beyond its head ends with the answer that there is
 * none. What Redis refuses before anything is written is refused as a whole.
 */
export const appendScript = script(
  "append",
  `${prelude}
local width, chunk = 5, 500
local written = false

local function knownOf(log, turns, firstId, count)
  local fields, known = {}, {}
  for nth = 1, count do fields[nth] = ARGV[firstId + 2 * nth - 2] end
  local function look(key)
    for from = 1, count, chunk do
      local values = redis.call('HMGET', key, unpack(fields, from, math.min(count, from + chunk - 1)))
      for index, value in ipairs(values) do
        if value then
          local epoch, offset = string.match(value, '^([^:]*):%d+:(%d+)$')
          if epoch == log.e and tonumber(offset) <= log.o then known[from + index - 1] = value end
        end
      end
    end
  end
  -- What a turn that is due would forget is not known any more.
  if turns < 1 then look(ids[2 - log.y]) end
  if turns < 2 then look(ids[log.y + 1]) end
  return known
end

local function remember(log, turns, firstId, count, touch, expiry)
  local young, old = ids[log.y + 1], ids[2 - log.y]
  local held = count > 0 and redis.call('HLEN', young) or 0
  if turns == 0 and held >= ${maxIds} then turns = 1 end
  if turns > 0 then
    redis.call('UNLINK', old)
    if turns > 1 then redis.call('UNLINK', young) end
    young, held = old, 0
    log.y = 1 - log.y
    redis.call('HSET', meta, 'y', log.y)
  end
  if count == 0 then return end
  local last = firstId + 2 * count - 1
  for from = firstId, last, 2 * chunk do
    redis.call('HSET', young, unpack(ARGV, from, math.min(last, from + 2 * chunk - 1)))
  end
  if touch or held == 0 then redis.call('PEXPIRE', young, expiry) end
end

local function append(at)
  local blocks, count, term, epoch, offset, headTerm, size, bytes, oldest, streamExpiry,
    metaExpiry, idsExpiry, touched, turned = string.match(ARGV[at], '^${appendTerms}$')
  blocks, count = tonumber(blocks), tonumber(count)
  local turns, touch = tonumber(turned), touched == '1'
  local refused = fenced(term)
  if refused then return refused end
  local log = load()
  if not log then return {'MISMATCH', '', '', '', ''} end

  local firstId = at + 1 + width * blocks
  if count > 0 then
    local known = knownOf(log, turns, firstId, count)
    if next(known) then
      local answer = {'DUP'}
      for nth = 1, count do
        if known[nth] then
          answer[#answer + 1] = nth - 1
          answer[#answer + 1] = known[nth]
        end
      end
      -- A write, so that a WAIT after it waits for all that was written before.
      redis.call('PEXPIRE', meta, metaExpiry)
      return answer
    end
  end

  if log.e ~= epoch or text(log.o) ~= offset or log.t ~= headTerm then
    return {'MISMATCH', head(log)}
  end
  local function broken()
    redis.call('UNLINK', meta)
    return {'MISMATCH', '', '', '', ''}
  end
  if not settle(log) then return broken() end
  if log.f > log.o then
    log.c, log.q, log.moved = log.b, tonumber(ARGV[at + 3]), true
  end
  -- Its own key again, without an expiry.
  touch = touch or log.n == 0

  for block = at + 1, firstId - 1, width do
    local under, published, ends, data = unpack(ARGV, block + 1, block + 4)
    local added = redis.pcall('XADD', stream, ARGV[block] .. '-0', 't', under, 'a', published,
      'c', text(log.b), 's', ends, 'p', data)
    if type(added) == 'table' then
      -- Only the first can be refused: for its id, or because memory is full.
      if string.find(added.err, 'equal or smaller', 1, true) then return broken() end
      error(added.err, 0)
    end
    written = true
    log.o, log.t, log.p, log.n, log.b = log.o + #ends / 4, under, published, log.n + 1, log.b + #data
  end
  trim(log, tonumber(size), tonumber(bytes), tonumber(oldest))
  if count > 0 or turns > 0 then remember(log, turns, firstId, count, touch, idsExpiry) end
  redis.call('HSET', meta, 'o', text(log.o), 't', log.t, 'p', log.p, 'n', log.n, 'b', text(log.b))
  if log.moved then save(log) end
  if touch then
    redis.call('PEXPIRE', stream, streamExpiry)
    redis.call('PEXPIRE', meta, metaExpiry)
  end
  return {'OK'}
end

local answers, at = {}, 1
for nth = 1, #KEYS / 5 do
  use(nth)
  local isDone, answer = pcall(append, at)
  if not isDone then
    local why = type(answer) == 'table' and answer.err or answer
    -- What Redis says begins with a code, which some are known by; what Lua says does not.
    answer = redis.error_reply(string.find(why, '^%u+ ') and why or 'ERR ' .. why)
    -- One alone is refused as any other call.
    if not written or #KEYS == 5 then return answer end
  end
  answers[nth] = answer
  local blocks, count = string.match(ARGV[at], '^(%d+) (%d+)')
  at = at + 1 + width * blocks + 2 * count
end
return answers
`
)

/**
 * Reads a page, and begins a log where there is none. ARGV: 1 the caller's term; 2 the epoch
 * it would have; 3 expiry of meta in milliseconds; 4 historySize; 5 historyBytes; 6 publishedAt
 * of the oldest to keep; 7 and 8 where the page begins: after, before (the newest first; 0: from
 * the head), last (so many), since (a time) or newest; 9 how many; 10 how many bytes, but
 * one publication at least; 11 the epoch of which anything is wanted, or "".
 *
 * Answers FENCED term, or OK epoch offset term publishedAt floor, term of the publication just
 * before the page or "", then of each block ends and bytes, or of that part of it that is
 * wanted. The newest first: so are the blocks, not what is in them.
 */
export const pageScript = script(
  "page",
  `${prelude}
use(1)
local refused = fenced(ARGV[1])
if refused then return refused end
local log = load()
if log and not settle(log, newestOffset()) then log = nil end
if not log then
  log = begin(ARGV[2], ARGV[1], ARGV[3])
else
  trim(log, tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]))
  if log.moved then save(log) end
end

local kind, value, limit, maxBytes = ARGV[7], tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local isBackwards = kind == 'before'
local page, count, sum, lowest = {}, 0, 0, nil

-- Takes of a block what there is room for; false: there is no more.
local function take(block, from, to)
  local low, high = math.max(from, block.first), math.min(to, block.last)
  local wanted = high - low
  local function isTooMuch()
    return high - low >= limit - count or (count + high - low > 0 and
      sum + bytesUpTo(block, high + 1) - bytesUpTo(block, low) > maxBytes)
  end
  while low <= high and isTooMuch() do
    if isBackwards then low = low + 1 else high = high - 1 end
  end
  if low > high then return false end
  local before, after = bytesUpTo(block, low), bytesUpTo(block, high + 1)
  page[#page + 1] = string.sub(block.ends, 4 * (low - block.first) + 1, 4 * (high - block.first) + 4)
  page[#page + 1] = string.sub(block.bytes, before + 1, after)
  count, sum = count + high - low + 1, sum + after - before
  if not lowest or low < lowest.offset then lowest = {offset = low, block = block} end
  return high - low == wanted
end

local function collect(from, to)
  local length = log.o - log.f + 1
  local each, average = math.max(1, (log.b - log.c) / length), length / log.n
  local block = blockAt(isBackwards and to or from)
  while block and take(block, from, to) do
    if isBackwards then to = block.first - 1 else from = block.last + 1 end
    if from > to then return end
    -- About as many as there is room for: what is read beyond that is copied for nothing.
    local wanted = math.min(limit - count, (maxBytes - sum) / each, to - from + 1)
    local step = math.max(1, math.ceil(wanted / average))
    local rows = isBackwards and redis.call('XREVRANGE', stream, idOf(to), idOf(from), 'COUNT', step)
      or redis.call('XRANGE', stream, idOf(from), idOf(log.o), 'COUNT', step)
    for nth = 1, #rows - 1 do
      block = blockOf(rows[nth])
      if not take(block, from, to) then return end
    end
    block = blockOf(rows[#rows])
  end
end

local function since(millis)
  local low, high = log.f, log.o + 1
  while low < high do
    local block = blockAt(low + math.floor((high - low) / 2))
    if block.at < millis then low = block.last + 1 else high = math.max(low, block.first) end
  end
  return low
end

if log.f <= log.o and limit > 0 and (ARGV[11] == '' or ARGV[11] == log.e) then
  if isBackwards then
    collect(log.f, value == 0 and log.o or math.min(value - 1, log.o))
  else
    local from = log.o
    if kind == 'after' then from = value + 1
    elseif kind == 'last' then from = log.o + 1 - value
    elseif kind == 'since' then from = since(value) end
    collect(math.max(from, log.f), log.o)
  end
end
local before = ''
if lowest and lowest.offset > lowest.block.first then
  before = lowest.block.term
elseif lowest then
  local block = blockAt(lowest.offset - 1)
  if block.last == lowest.offset - 1 then before = block.term end
end
local answer = {'OK', log.e, text(log.o), log.t, log.p, text(log.f), before}
for _, part in ipairs(page) do answer[#answer + 1] = part end
return answer
`
)

/**
 * Begins another log in place of the one of an epoch, or where there is none. ARGV: 1 the
 * caller's term; 2 the new epoch; 3 expiry of meta in milliseconds; 4 the epoch that is to end.
 *
 * Answers FENCED term, or OK epoch offset term publishedAt of the log there is now.
 */
export const renewScript = script(
  "renew",
  `${prelude}
use(1)
local refused = fenced(ARGV[1])
if refused then return refused end
local log = load()
if not log or log.e == ARGV[4] then log = begin(ARGV[2], ARGV[1], ARGV[3]) end
return {'OK', head(log)}
`
)
