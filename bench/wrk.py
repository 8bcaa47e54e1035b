"""Sends deliveries by `wrk`, which takes less of the machine than a client in Python."""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from bench.load import Answers, Job, built

THREADS = 2
_SCRIPT = """
local threads = 0
function setup(thread)
  thread:set("own", threads)
  threads = threads + 1
end
function init(args)
  prepared, place = {}, 0
  local file, index = io.open(args[1], "rb"), 0
  local size = file:read("*n")
  while size do
    file:read(1)
    local content = file:read(size)
    if index % tonumber(args[2]) == own then prepared[#prepared + 1] = content end
    index = index + 1
    size = file:read("*n")
  end
end
function request()
  if place == #prepared then wrk.thread:stop() else place = place + 1 end
  return prepared[place]
end
function done(summary, latency, requests)
  local parts, errors = {}, summary.errors
  for i = 1, #latency do
    local value, count = latency(i)
    parts[#parts + 1] = string.format("[%d,%d]", value, count)
  end
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  io.write(string.format('\\nTOLD {"microseconds": %d, "requests": %d, "refused": %d, "lost": %d,',
    summary.duration, summary.requests, errors.status, lost))
  io.write(' "latency": [' .. table.concat(parts, ",") .. "]}\\n")
end
"""


def send(job: Job) -> Answers:
    """Do a job: each request is sent once at most, and none twice."""
    with tempfile.TemporaryDirectory() as folder:
        script, prepared = Path(folder) / "deliveries.lua", Path(folder) / "deliveries"
        script.write_text(_SCRIPT)
        with prepared.open("wb") as file:
            for request in built(job):
                file.write(b"%d\n%b" % (len(request), request))
        command = ["wrk", f"-t{THREADS}", f"-c{job.connections}", f"-d{job.seconds:.0f}s"]
        command += ["--timeout", "30s", "-s", str(script), f"http://127.0.0.1:{job.port}/"]
        command += ["--", str(prepared), str(THREADS)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    told = json.loads(done.stdout.partition("\nTOLD ")[2])
    good = told["requests"] - told["refused"]
    statuses = {"204": good, "refused": told["refused"], "lost": told["lost"]}
    return Answers(
        seconds=told["microseconds"] / 1e6,
        milliseconds=[value / 1000 for value, count in told["latency"] for _ in range(count)],
        statuses={name: count for name, count in statuses.items() if count},
    )
