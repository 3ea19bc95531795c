/**
 * LogPrelude: what one channel's log is in Redis, and what all of its scripts do with it.
 *
 * Meta is a hash: `e` epoch, `o` offset of the head, `t` its term, `p` when it was
 * published, `f` the oldest offset that may be replayed (the floor), `b` bytes of the
 * entries from there on, `q` when the one at the floor was published, `y` which hash
 * of ids is the young one, 0 or 1. In the stream, entry `<offset>-0` has the fields `t`
 * term, `a` publishedAt, `p` the bytes, in this order; the entry just below the floor
 * is kept too, as the anchor. An id's value is "epoch:term:offset".
 *
 * Terms are compared as text, and numbers are written with %.0f: Lua's own way of
 * writing a number rounds from 10^14 on, and terms are larger.
 */

export const prelude = `
local own, meta, stream, ids = KEYS[1], KEYS[2], KEYS[3], {KEYS[4], KEYS[5]}

local function text(number) return string.format('%.0f', number) end
local function idOf(offset) return text(offset) .. '-0' end
local function offsetOf(row) return tonumber(string.match(row[1], '^%d+')) end
local function termOf(row) return row[2][2] end
local function publishedAt(row) return tonumber(row[2][4]) end
local function bytesOf(row) return row[2][6] end

local function fenced()
  local term = redis.call('HGET', own, 't') or '0'
  if term ~= ARGV[1] then return {'FENCED', term} end
end

local function load()
  local m = redis.call('HMGET', meta, 'e', 'o', 't', 'p', 'f', 'b', 'q', 'y')
  if not m[1] then return nil end
  return {e = m[1], o = tonumber(m[2]), t = m[3], p = m[4], f = tonumber(m[5]),
    b = tonumber(m[6]), q = tonumber(m[7]), y = tonumber(m[8])}
end

local function head(log) return log.e, text(log.o), log.t, log.p end

-- HSET first: Redis refuses it when memory is full, and then nothing was written.
local function begin(epoch, expiry)
  redis.call('HSET', meta, 'e', epoch, 'o', '0', 't', ARGV[1], 'p', '0', 'f', '1',
    'b', '0', 'q', '0', 'y', '0')
  redis.call('UNLINK', stream, ids[1], ids[2])
  redis.call('PEXPIRE', meta, expiry)
  return {e = epoch, o = 0, t = ARGV[1], p = '0', f = 1, b = 0, q = 0, y = 0}
end

-- A stream that was evicted, has expired or has a hole: its entries are let go of, the
-- head stays. False: the stream goes beyond the head, and nobody knows which is right.
local function settle(log)
  local count = redis.call('XLEN', stream)
  if count == log.o - log.f + 1 + (log.f > 1 and 1 or 0) then return true end
  if count > 0 then
    local first = offsetOf(redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1])
    local last = offsetOf(redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1])
    if last > log.o then return false end
    -- Whole but for the anchor, which went with an earlier stream.
    if last == log.o and first == log.f and count == last - first + 1 then return true end
    redis.call('UNLINK', stream)
  end
  log.f, log.b, log.moved = log.o + 1, 0, true
  return true
end

-- Moves the floor past what is beyond the bounds. Reads entries only if some is.
local function trim(log, size, bytes, oldest)
  local function isBeyond()
    return log.f <= log.o and (log.o - log.f + 1 > size or
      (log.b > bytes and log.f < log.o) or log.q < oldest)
  end
  if not isBeyond() then return end
  local rows, index = {}, 1
  while log.f <= log.o do
    if index > #rows then
      -- Those beyond the size, and the next: it tells the age of the new floor.
      local count = math.min(64, math.max(1, log.o - log.f + 1 - size) + 1)
      rows = redis.call('XRANGE', stream, idOf(log.f), idOf(log.o), 'COUNT', count)
      index = 1
    end
    if not rows[index] then
      log.f, log.b = log.o + 1, 0
      break
    end
    log.q = publishedAt(rows[index])
    if not isBeyond() then break end
    log.b = log.b - #bytesOf(rows[index])
    log.f = log.f + 1
    index = index + 1
  end
  redis.call('XTRIM', stream, 'MINID', idOf(log.f - 1))
  log.moved = true
end
`
