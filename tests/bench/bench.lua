-- One workload for wrk: wrk ... -s bench.lua URL -- read|write|list|login|aws|azure|static TOKEN MOUNT NAMES BODY-FILE
-- Prints one line `RESULT {...}` of JSON when done.
local kind, token, mount, names, body, headers
local serial = 0

function init(args)
  kind, token, mount, names = args[1], args[2], args[3], tonumber(args[4])
  if args[5] and args[5] ~= "" then
    local file = assert(io.open(args[5], "rb"))
    body = file:read("*a")
    file:close()
  end
  if kind == "aws" then
    headers = {}
    for name, value in token:gmatch("([^\n:]+):([^\n]+)") do
      if name ~= "host" then headers[name] = value end  -- wrk's own is the same
    end
  end
  -- Each wrk thread begins elsewhere, so that they do not walk in step.
  serial = math.floor((tonumber(tostring({}):match("0x(%x+)"), 16) or 0) / 64) % names
end

function request()
  serial = (serial + 1) % names
  if kind == "read" then
    return wrk.format("GET", string.format("/v1/%s/data/s%05d", mount, serial), { ["X-Vault-Token"] = token })
  elseif kind == "write" then
    return wrk.format("POST", string.format("/v1/%s/data/w%05d", mount, serial), { ["X-Vault-Token"] = token, ["Content-Type"] = "application/json" }, body)
  elseif kind == "list" then
    return wrk.format("GET", string.format("/v1/%s/metadata/folder%d?list=true", mount, serial % 10), { ["X-Vault-Token"] = token })
  elseif kind == "aws" then
    return wrk.format("POST", "/", headers, body)
  elseif kind == "azure" then
    return wrk.format("GET", string.format("/secrets/s%05d?api-version=7.4", serial), { ["Host"] = mount, ["Authorization"] = "Bearer " .. token })
  elseif kind == "login" then
    return wrk.format("POST", string.format("/v1/auth/%s/login", mount), { ["Content-Type"] = "application/json" }, body)
  end
  return wrk.format("GET", mount)
end

function done(summary, latency, requests)
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %.6f, "mean": %.3f, "p50": %.3f, "p90": %.3f, "p99": %.3f, "p999": %.3f, "max": %.3f, "status": %d, "connect": %d, "read": %d, "write": %d, "timeout": %d}\n',
    summary.requests, summary.duration / 1e6, latency.mean, latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9), latency.max,
    summary.errors.status, summary.errors.connect, summary.errors.read, summary.errors.write, summary.errors.timeout))
end
