-- The frontier's operations on Redis, each one atomic: `rows.lua`, `work.lua` and `ends.lua` are one script. The caller
-- gives the crawl's key prefix, the operation's name, the process (`owner`), the running number of its operation, the
-- seconds a lease lasts, and the operation's own arguments.
--
-- PREFIX..      type    holds
-- work          hash    key -> packed row (see `R`): all that was ever met
-- queue:HOST    list    keys that wait, first come first served; some may be stale, so that the row's state decides
-- free          list    hosts that have a queue and no process, in turn
-- host          hash    host -> the process that has it
-- hosts:OWNER   set     the same the other way round
-- leases:OWNER  zset    keys by sequence number
-- failed        zset    keys by sequence number; failure: hash key -> packed failure, kept while a page is tried again
-- writing:ID    hash    shard -> packed ends, of the output folder ID; shards:ID: set of those in place
-- folder        hash    ID -> where that folder is; holder: hash ID -> the process that has it
-- process       zset    processes by the time at which they are taken for dead; takers: zset by their last take
-- state:OWNER   hash    number of the last operation, folder ID, keys of the last take
-- tally         hash    "KIND:STATE" -> how many
-- moment:HOST   hash    see `moments.lua`, a script of its own
local prefix, op, owner, number, lease = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local FIRST = 5  -- of the operation's own arguments
local QUEUED, LEASED, DONE, REFUSED, FAILED, ALIAS, WAITING = 0, 1, 2, 3, 4, 5, 6
local R = {state = 1, kind = 2, sequence = 3, depth = 4, url = 5, home = 6, note = 7, host = 8, outcome = 9, ended = 10,
           etag = 11, modified = 12}
local IMAGE = 1  -- a kind
local TOGETHER = 2000  -- rows of one image that come with its first at most: those that a feed reads at once
local TAKING = 10  -- seconds since its last take for which a process is given its share of the hosts
local call, pack, unpacked = redis.call, cmsgpack.pack, cmsgpack.unpack
local clock = call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000

local function at(name) return prefix .. name end

local function row_of(key)
    local value = call('HGET', at 'work', key)
    return value and unpacked(value)
end

local function save(key, row) call('HSET', at 'work', key, pack(row)) end

local function tally(row, change) call('HINCRBY', at 'tally', row[R.kind] .. ':' .. row[R.state], change) end

local function move(key, row, state)
    tally(row, -1)
    row[R.state] = state
    tally(row, 1)
    save(key, row)
end

-- The host as most addresses spell it; only for others is it in the row.
local function plain_host(url) return string.match(url .. '/', '^https?://([%l%d.-]+)[:/?]') or '' end

local function host_of(row) return row[R.host] == '' and plain_host(row[R.url]) or string.sub(row[R.host], 2) end

local function begin(key, row, host)
    row[R.sequence] = call('INCR', at 'sequence')
    row[R.host] = plain_host(row[R.url]) == host and '' or '=' .. host
    tally(row, 1)
    save(key, row)
end

local function enqueue(key, row, first)
    local host = host_of(row)
    local length = call(first and 'LPUSH' or 'RPUSH', at 'queue:' .. host, key)
    if length == 1 and call('HEXISTS', at 'host', host) == 0 then call('RPUSH', at 'free', host) end
end

local function release(host, who)
    call('SREM', at 'hosts:' .. who, host)
    call('HDEL', at 'host', host)
    if call('EXISTS', at 'queue:' .. host) == 1 then call('RPUSH', at 'free', host) end
end

-- Take a process's leases and hosts back; what it was writing waits for its folder.
local function let_go(who)
    local folder = call('HGET', at 'state:' .. who, 'folder') or ''
    for _, ends in ipairs(call('HVALS', at 'writing:' .. folder)) do
        for _, ended in ipairs(unpacked(ends)) do
            local row = row_of(ended[1])
            if row and row[R.state] == LEASED then move(ended[1], row, WAITING) end
        end
    end
    for _, key in ipairs(call('ZREVRANGE', at 'leases:' .. who, 0, -1)) do
        local row = row_of(key)
        if row and row[R.state] == LEASED then
            move(key, row, QUEUED)
            enqueue(key, row, true)
        end
    end
    for _, host in ipairs(call('SMEMBERS', at 'hosts:' .. who)) do release(host, who) end
    call('DEL', at 'leases:' .. who, at 'hosts:' .. who, at 'state:' .. who)
    call('ZREM', at 'process', who)
    call('ZREM', at 'takers', who)
    call('HDEL', at 'holder', folder)
end

local function reap()
    for _, who in ipairs(call('ZRANGEBYSCORE', at 'process', '-inf', now)) do let_go(who) end
end

local function end_unit(key, row, state, ended, etag, modified)
    row[R.outcome], row[R.ended], row[R.etag], row[R.modified] = state, ended, etag, modified
    move(key, row, state)
    call('ZREM', at 'leases:' .. owner, key)
    call('HDEL', at 'failure', key)
end

local function is_in_hand(row) return row and (row[R.state] == LEASED or row[R.state] == WAITING) end

local function works_of(keys)
    local found = {}
    for _, key in ipairs(keys) do
        local row = row_of(key)
        found[#found + 1] = key
        for _, field in ipairs({'url', 'kind', 'depth', 'home', 'note', 'etag', 'modified'}) do
            found[#found + 1] = tostring(row[R[field]])
        end
    end
    return found
end
