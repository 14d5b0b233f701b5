"""wrk, a load generator in C: the limit. It signs nothing, and reads no more of an answer than where it ends."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from bench.candidates.task import FRAME, STAGE, WIDTH, Result, Task, task, tell
from bench.needs import need
from bench.processors import CLIENT, pin

_SECONDS = 4
_HEADERS = {
    "x-amz-date": "20260101T000000Z",
    "authorization": "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/execute-api/aws4_request, "
    "SignedHeaders=host;x-amz-date, Signature=" + "0" * 64,
}
_SCRIPT = """
wrk.method = "POST"
wrk.body = '{frame}'
{headers}
local number = 0
function request()
  number = number + 1
  return wrk.format(nil, string.format("{stage}/@connections/Bench%010d%%3D", number))
end
function done(summary, latency, requests)
  local errors = summary.errors
  print(string.format("counted %d %d %d", summary.requests, summary.duration,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
"""


def script() -> str:
    """What wrk is told to send."""
    headers = "\n".join(f'wrk.headers["{name}"] = "{value}"' for name, value in _HEADERS.items())
    return _SCRIPT.format(frame=FRAME, headers=headers, stage=STAGE)


def counted(output: str, cpu: float) -> Result:
    """What wrk says that it did, with the CPU seconds that it took. Raises ValueError."""
    found = re.search(r"^counted (\d+) (\d+) (\d+)$", output, re.MULTILINE)
    if found is None:
        raise ValueError(f"wrk did not finish: {output}")
    requests, microseconds, errors = map(int, found.groups())
    return Result(requests, microseconds / 1e6, cpu, errors)


def run(asked: Task) -> Result:
    """By the clock, as wrk can no other way: its own warm-up is within."""
    with tempfile.TemporaryDirectory() as folder:
        lua = Path(folder) / "post.lua"
        lua.write_text(script())
        command = [need("wrk"), "-t1", f"-c{WIDTH}", f"-d{_SECONDS}s", "-s", str(lua), asked.url]
        before = _of_children(os.times())
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return counted(done.stdout, _of_children(os.times()) - before)


def _of_children(times: os.times_result) -> float:
    return times.children_user + times.children_system


if __name__ == "__main__":
    pin(0, CLIENT)
    tell(run(task()))
