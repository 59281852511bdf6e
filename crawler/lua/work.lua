-- What is to be done: joined, found, handed out.
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
            local row = {QUEUED, tonumber(kind), 0, tonumber(depth), url, home, note, '', REFUSED, 0, '', ''}
            begin(key, row, host)
            enqueue(key, row, false)
            new = new + 1
        end
    end
    return new
end

-- How many, how many of a host (but for rows of one image), then host and number of each host in flight -> eight fields a unit.
function operations.take(again)
    if again then return works_of(unpacked(call('HGET', at 'state:' .. owner, 'taken'))) end
    local room, per_host, held, kept, keys = tonumber(ARGV[FIRST]), tonumber(ARGV[FIRST + 1]), {}, {}, {}
    for i = FIRST + 2, #ARGV, 2 do held[ARGV[i]] = tonumber(ARGV[i + 1]) end
    local mine = call('SMEMBERS', at 'hosts:' .. owner)
    table.sort(mine)
    for _, host in ipairs(mine) do
        if held[host] then kept[#kept + 1] = host else release(host, owner) end
    end
    local function draw_next(host)
        local key = call('LPOP', at 'queue:' .. host)
        local row = key and row_of(key)
        if not (row and row[R.state] == QUEUED) then return key, nil end
        move(key, row, LEASED)
        call('ZADD', at 'leases:' .. owner, row[R.sequence], key)
        keys[#keys + 1], held[host] = key, (held[host] or 0) + 1
        return key, row
    end
    -- The rows of the image that come right after its first.
    local function draw_others(host, url)
        for _ = 1, TOGETHER do
            local key = call('LINDEX', at 'queue:' .. host, 0)
            local row = key and row_of(key)
            if not (row and row[R.kind] == IMAGE and row[R.url] == url) then return end
            draw_next(host)
        end
    end
    local function draw_one(host)
        while #keys < room and (held[host] or 0) < per_host do
            local key, row = draw_next(host)
            if not key then return false end
            if row then
                if row[R.kind] == IMAGE then draw_others(host, row[R.url]) end
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

-- A unit -> whether it is leased to this process, which has a record of it; not when it ended, or is another's.
function operations.hold(again)
    local key = ARGV[FIRST]
    local row = row_of(key)
    if again and call('ZSCORE', at 'leases:' .. owner, key) then return 1 end
    if not row or row[R.state] ~= QUEUED then return 0 end
    move(key, row, LEASED)
    call('ZADD', at 'leases:' .. owner, row[R.sequence], key)
    return 1
end

-- Target and unit -> whether the target is that unit's alone.
function operations.claim()
    local target, key = ARGV[FIRST], ARGV[FIRST + 1]
    local row = row_of(target)
    if not row then save(target, {ALIAS, key}) end
    return (not row or (row[R.state] == ALIAS and row[2] == key)) and 1 or 0
end

function operations.note()
    local row = row_of(ARGV[FIRST])
    if row then
        row[R.note] = ARGV[FIRST + 1]
        save(ARGV[FIRST], row)
    end
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
