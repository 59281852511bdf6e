-- When each host may be asked, by all processes of a crawl together. The caller gives the crawl's key prefix, the
-- operation's name, the host, and the operation's own arguments. Times are the server's, so that no process's clock counts.
--
-- PREFIX..            type    holds
-- moment:HOST         hash    last: the latest moment that was taken; delay: that its taker leaves between two;
--                             paused: when the host may be asked again; why: the reason to refuse requests until then
local key, op = KEYS[1] .. 'moment:' .. ARGV[2], ARGV[1]
local KEPT = 60  -- seconds after which a moment that is over counts no more, for delays up to that
local LATE = 0.1  -- of the delay, by which a moment may be missed though the next one is taken
local call = redis.call
local clock = call('TIME')
local now = tonumber(clock[1]) + tonumber(clock[2]) / 1000000
local found = call('HMGET', key, 'last', 'delay', 'paused', 'why')
local last, before, paused, why = tonumber(found[1]) or 0, tonumber(found[2]) or 0, tonumber(found[3]) or 0, found[4] or ''

local function keep(moment, delay)
    call('PEXPIRE', key, math.ceil((math.max(moment, paused) - now + math.max(delay, before) + KEPT) * 1000))
end

local operations = {}

-- Seconds between requests, and a ticket or '' -> seconds to wait, a ticket or '', and why requests are refused or ''.
function operations.take()
    local delay, ticket = tonumber(ARGV[3]), tonumber(ARGV[4])
    if why ~= '' and paused > now then return {tostring(paused - now), '', why} end
    local holds, is_last = ticket and ticket >= paused, ticket == last
    if holds and (now <= ticket or (not is_last and now <= ticket + LATE * delay)) then
        return {tostring(ticket - now), ARGV[4], ''}
    end
    -- One that is missed is as good later, when nobody was given the next one.
    local moment = holds and is_last and now or math.max(now, paused, last + math.max(delay, before))
    local shown = string.format('%.6f', moment)
    call('HSET', key, 'last', shown, 'delay', delay)
    keep(moment, delay)
    return {tostring(moment - now), shown, ''}
end

-- Seconds, and why or ''.
function operations.put_off()
    local moment = now + tonumber(ARGV[3])
    if moment <= paused then return end
    paused = moment
    call('HSET', key, 'paused', string.format('%.6f', moment), 'why', ARGV[4])
    keep(moment, 0)
end

return operations[op]()
