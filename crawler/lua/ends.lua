-- What became of it, and the call of the operation asked for.

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

local function failed_after(sequence, count)
    return call('ZRANGEBYSCORE', at 'failed', '(' .. sequence, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
end

-- Runs, the last sequence number and how many to look at -> the last one looked at, and how many were queued.
function operations.retry()
    if call('ZCARD', at 'process') > 1 then return {'', 0} end
    local last, queued = '', 0
    local found = failed_after(ARGV[FIRST + 1], ARGV[FIRST + 2])
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

-- The last sequence number and how many -> the last one, then nine fields a unit that failed.
function operations.failures()
    local found = failed_after(ARGV[FIRST], ARGV[FIRST + 1])
    local answer = {found[#found] or ''}
    for i = 1, #found, 2 do
        local row, failure = row_of(found[i]), unpacked(call('HGET', at 'failure', found[i]))
        local fields = {row[R.kind], row[R.url], row[R.note], failure[1], failure[2], failure[3], failure[5], failure[6],
                        failure[4]}
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
            row = {tonumber(state), 0, 0, 0, url, '', '', '', tonumber(state), tonumber(ended), '', ''}
            begin(key, row, host)
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
