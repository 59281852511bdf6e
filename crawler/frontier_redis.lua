-- The frontier's operations on Redis, each one atomic. The caller gives the crawl's key prefix, the operation's name, the
-- process (`owner`), the running number of its operation, the seconds a lease lasts, and the operation's own arguments.
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
local prefix, op, owner, number, lease = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local FIRST = 5  -- of the operation's own arguments
local QUEUED, LEASED, DONE, REFUSED, FAILED, ALIAS, WAITING = 0, 1, 2, 3, 4, 5, 6
local R = {state = 1, kind = 2, sequence = 3, depth = 4, url = 5, home = 6, note = 7, host = 8, outcome = 9, ended = 10,
           etag = 11, modified = 12}
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
        local fields = {key, row[R.url], row[R.kind], row[R.depth], row[R.home], row[R.note], row[R.etag], row[R.modified]}
        for _, field in ipairs(fields) do found[#found + 1] = tostring(field) end
    end
    return found
end

local operations = {}

-- The folder's ID and where it is -> shards that were being written; an error when another process has it.
function operations.open()
    local folder, where = ARGV[FIRST], ARGV[FIRST + 1]
    local holder = call('HGET', at 'holder', folder)
    if holder and holder ~= owner and call('ZSCORE', at 'process', holder) then
        -- The caller holds the folder's lock: whoever had it in the very same place is no more.
        local elsewhere = call('HGET', at 'folder', folder)
        if elsewhere ~= where then
            call('DEL', at 'state:' .. owner)
            call('ZREM', at 'process', owner)
            return redis.error_reply('FOLDER ' .. elsewhere)
        end
        let_go(holder)
    end
    call('HSET', at 'state:' .. owner, 'folder', folder)
    call('HSET', at 'folder', folder, where)
    call('HSET', at 'holder', folder, owner)
    return call('HKEYS', at 'writing:' .. folder)
end

-- Seven fields a unit -> how many were new.
function operations.add()
    local new = 0
    for i = FIRST, #ARGV, 7 do
        local key, url, kind, depth, home, note, host = unpack(ARGV, i, i + 6)
        if call('HEXISTS', at 'work', key) == 0 then
            local odd = plain_host(url) == host and '' or '=' .. host
            local row = {QUEUED, tonumber(kind), call('INCR', at 'sequence'), tonumber(depth), url, home, note, odd, REFUSED, 0, '', ''}
            tally(row, 1)
            save(key, row)
            enqueue(key, row, false)
            new = new + 1
        end
    end
    return new
end

-- How many, how many of a host, then host and number of each host in flight -> eight fields a unit.
function operations.take(again)
    if again then return works_of(unpacked(call('HGET', at 'state:' .. owner, 'taken'))) end
    local room, per_host, held, kept, keys = tonumber(ARGV[FIRST]), tonumber(ARGV[FIRST + 1]), {}, {}, {}
    for i = FIRST + 2, #ARGV, 2 do held[ARGV[i]] = tonumber(ARGV[i + 1]) end
    local mine = call('SMEMBERS', at 'hosts:' .. owner)
    table.sort(mine)
    for _, host in ipairs(mine) do
        if held[host] then kept[#kept + 1] = host else release(host, owner) end
    end
    local function draw_one(host)
        while #keys < room and (held[host] or 0) < per_host do
            local key = call('LPOP', at 'queue:' .. host)
            local row = key and row_of(key)
            if not key then return false end
            if row and row[R.state] == QUEUED then
                move(key, row, LEASED)
                call('ZADD', at 'leases:' .. owner, row[R.sequence], key)
                keys[#keys + 1], held[host] = key, (held[host] or 0) + 1
                return true
            end
        end
        return false
    end
    call('ZADD', at 'takers', now, owner)
    local takers = call('ZCOUNT', at 'takers', now - TAKING, '+inf')
    local share, turns = math.ceil((call('HLEN', at 'host') + call('LLEN', at 'free')) / takers), {}
    for _ = #kept + 1, share do
        local host = #keys < room and call('LPOP', at 'free')
        if not host then break end
        call('HSET', at 'host', host, owner)
        call('SADD', at 'hosts:' .. owner, host)
        if draw_one(host) then turns[#turns + 1] = host end
    end
    for i = 1, math.min(#kept, share) do turns[#turns + 1] = kept[i] end  -- those beyond run dry, for others to have
    while #turns > 0 and #keys < room do
        local more = {}
        for _, host in ipairs(turns) do
            if draw_one(host) then more[#more + 1] = host end
        end
        turns = more
    end
    call('HSET', at 'state:' .. owner, 'taken', pack(keys))
    return works_of(keys)
end

-- Target and unit -> whether the target is that unit's alone.
function operations.claim()
    local target, key = ARGV[FIRST], ARGV[FIRST + 1]
    local row = row_of(target)
    if not row then save(target, {ALIAS, key}) end
    return (not row or (row[R.state] == ALIAS and row[2] == key)) and 1 or 0
end

function operations.be_page()
    local row = row_of(ARGV[FIRST])
    if row then
        tally(row, -1)
        row[R.kind] = 0
        tally(row, 1)
        save(ARGV[FIRST], row)
    end
end

-- A shard, then five fields a unit.
function operations.writing()
    local ends = {}
    for i = FIRST + 1, #ARGV, 5 do
        ends[#ends + 1] = {ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2]), ARGV[i + 3], ARGV[i + 4]}
    end
    call('HSET', at 'writing:' .. call('HGET', at 'state:' .. owner, 'folder'), ARGV[FIRST], pack(ends))
end

-- A shard, and 1 if it is in place.
function operations.written()
    local shard, folder = ARGV[FIRST], call('HGET', at 'state:' .. owner, 'folder')
    local ends = call('HGET', at 'writing:' .. folder, shard)
    for _, ended in ipairs(ends and unpacked(ends) or {}) do
        local row = row_of(ended[1])
        if ARGV[FIRST + 1] == '1' then
            if is_in_hand(row) then end_unit(ended[1], row, unpack(ended, 2)) end
        elseif row and row[R.state] == WAITING then
            move(ended[1], row, QUEUED)
            enqueue(ended[1], row, true)
        end
    end
    call('HDEL', at 'writing:' .. folder, shard)
    if ARGV[FIRST + 1] == '1' then call('SADD', at 'shards:' .. folder, shard) end
end

-- One unit's end, in five fields; the state is -1 for one that ends as it did before.
function operations.finish()
    local key, state, ended, etag, modified = unpack(ARGV, FIRST, FIRST + 4)
    local row = row_of(key)
    if not is_in_hand(row) then return end
    if state == '-1' then
        end_unit(key, row, row[R.outcome], tonumber(ended), row[R.etag], row[R.modified])
    else
        end_unit(key, row, tonumber(state), tonumber(ended), etag, modified)
    end
end

-- A unit and its failure, in six fields.
function operations.fail()
    local key, reason, detail, image, first, last = unpack(ARGV, FIRST, FIRST + 5)
    local row, before = row_of(key), call('HGET', at 'failure', key)
    if not (row and row[R.state] == LEASED) then return end
    before = before and unpacked(before) or {'', '', '', 0, first}
    call('HSET', at 'failure', key, pack({reason, detail, image, before[4] + 1, before[5], last}))
    call('ZADD', at 'failed', row[R.sequence], key)
    call('ZREM', at 'leases:' .. owner, key)
    move(key, row, FAILED)
end

function operations.forget()
    local row = row_of(ARGV[FIRST])
    if not row then return end
    tally(row, -1)
    call('HDEL', at 'work', ARGV[FIRST])
    call('HDEL', at 'failure', ARGV[FIRST])
    call('ZREM', at 'failed', ARGV[FIRST])
    call('ZREM', at 'leases:' .. owner, ARGV[FIRST])
end

-- Runs, the last sequence number and how many to look at -> the last one looked at, and how many were queued.
function operations.retry()
    if call('ZCARD', at 'process') > 1 then return {'', 0} end
    local last, queued = '', 0
    local found = call('ZRANGEBYSCORE', at 'failed', '(' .. ARGV[FIRST + 1], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[FIRST + 2])
    for i = 1, #found, 2 do
        local key = found[i]
        last = found[i + 1]
        if unpacked(call('HGET', at 'failure', key))[4] < tonumber(ARGV[FIRST]) then
            local row = row_of(key)
            call('ZREM', at 'failed', key)
            move(key, row, QUEUED)
            enqueue(key, row, false)
            queued = queued + 1
        end
    end
    return {last, queued}
end

-- The last sequence number and how many -> the last one, then eight fields a unit that failed.
function operations.failures()
    local found = call('ZRANGEBYSCORE', at 'failed', '(' .. ARGV[FIRST], '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[FIRST + 1])
    local answer = {found[#found] or ''}
    for i = 1, #found, 2 do
        local row, failure = row_of(found[i]), unpacked(call('HGET', at 'failure', found[i]))
        local fields = {row[R.kind], row[R.url], failure[1], failure[2], failure[3], failure[5], failure[6], failure[4]}
        for _, field in ipairs(fields) do answer[#answer + 1] = tostring(field) end
    end
    return answer
end

-- A folder -> how many units wait until it is opened.
function operations.waiting()
    local count = 0
    if call('HEXISTS', at 'holder', ARGV[FIRST]) == 1 then return 0 end
    for _, ends in ipairs(call('HVALS', at 'writing:' .. ARGV[FIRST])) do count = count + #unpacked(ends) end
    return count
end

-- A time, a cursor and how many to look at -> the next cursor, and how many were queued.
function operations.refresh()
    local found = call('HSCAN', at 'work', ARGV[FIRST + 1], 'COUNT', ARGV[FIRST + 2])
    local old = {}
    for i = 1, #found[2], 2 do
        local row = unpacked(found[2][i + 1])
        if (row[R.state] == DONE or row[R.state] == REFUSED) and row[R.ended] <= tonumber(ARGV[FIRST]) then
            old[#old + 1] = {found[2][i], row}
        end
    end
    table.sort(old, function(one, other) return one[2][R.sequence] < other[2][R.sequence] end)
    for _, unit in ipairs(old) do
        move(unit[1], unit[2], QUEUED)
        enqueue(unit[1], unit[2], false)
    end
    return {found[1], #old}
end

-- Five fields a page that a shard has a record of: it ended, whatever was known of it before.
function operations.recorded()
    for i = FIRST, #ARGV, 5 do
        local key, url, host, state, ended = unpack(ARGV, i, i + 4)
        local row = row_of(key)
        if not row then
            local odd = plain_host(url) == host and '' or '=' .. host
            row = {tonumber(state), 0, call('INCR', at 'sequence'), 0, url, '', '', odd, tonumber(state), tonumber(ended), '', ''}
            tally(row, 1)
            save(key, row)
        elseif row[R.state] == QUEUED then
            end_unit(key, row, tonumber(state), tonumber(ended), '', '')
        end
    end
end

function operations.beat() end

function operations.close() let_go(owner) end

reap()
local last = tonumber(call('HGET', at 'state:' .. owner, 'number') or (op == 'open' and number - 1 or nil))
-- A lease that ran out, or a server that lost its last seconds: what this process believes is no longer so.
if last ~= number and last ~= number - 1 then return redis.error_reply('GONE') end
call('HSET', at 'state:' .. owner, 'number', number)
call('ZADD', at 'process', now + lease, owner)
return operations[op](last == number)
