-- Requests one package under a token, in random ranges or whole, and prints what came of it as JSON.
-- Environment: BENCH_TOKEN, BENCH_SIZE and BENCH_RANGE in bytes; a range of 0 asks for the whole.

local token, size, range = os.getenv("BENCH_TOKEN"), tonumber(os.getenv("BENCH_SIZE")), tonumber(os.getenv("BENCH_RANGE"))
local VARIANTS = 512
local requests, next_one = {}, 0

function init()
  local headers = { ["Authorization"] = "Bearer " .. token }
  for variant = 1, VARIANTS do
    if range > 0 then
      local first = math.random(0, math.floor(size / range) - 1) * range
      headers["Range"] = string.format("bytes=%d-%d", first, first + range - 1)
    end
    requests[variant] = wrk.format("GET", nil, headers)
  end
end

function request()
  next_one = next_one % VARIANTS + 1
  return requests[next_one]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "failed": %d, "p50_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3
  ))
end
