-- Fills a server for tests/bench/scale: wrk -t1 ... -s fill.lua URL -- secrets|tokens TOKEN MOUNT COUNT
-- Secrets go to 1,000 folders in turn; tokens are orphans with a lease of a day. Prints one line `FILLED n failed`.
local kind, token, mount, count
local sent, answered, failed = 0, 0, 0

function init(args)
  kind, token, mount, count = args[1], args[2], args[3], tonumber(args[4])
end

function request()
  sent = sent + 1
  local headers = { ["X-Vault-Token"] = token, ["Content-Type"] = "application/json" }
  if kind == "secrets" then
    local n = (sent - 1) % count
    local body = string.format('{"data":{"username":"application-%07d","password":"%s","host":"database.internal.example.org"}}', n, string.rep("p", 120))
    return wrk.format("POST", string.format("/v1/%s/data/folder%03d/s%07d", mount, n % 1000, n), headers, body)
  end
  return wrk.format("POST", "/v1/auth/token/create-orphan", headers, '{"policies":["default"],"ttl":"24h","display_name":"bench"}')
end

function response(status)
  answered = answered + 1
  if status >= 300 then failed = failed + 1 end
  if answered >= count then
    io.write(string.format("FILLED %d %d\n", answered, failed))
    io.flush()  -- whoever started wrk ends it now: by itself it would wait for its -d
    wrk.thread:stop()
  end
end
