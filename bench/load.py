"""Load on an HTTP server, from another process: as fast as so many connections go (wrk), and at a given rate.

    python3 bench/load.py PORT BODY RATE SECONDS     prints what came back at that rate, as JSON
"""
import asyncio
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
MOST_CONNECTIONS = 400
PARTS = 16

# Each request names one of `heads` models, by chance, where there are any.
SCRIPT = """
local file = assert(io.open("{body}", "rb"))
wrk.method, wrk.body = "POST", file:read("*a")
wrk.headers["Content-Type"] = "image/jpeg"
local heads = {heads}
request = function()
  if heads > 0 then wrk.headers["X-Amzn-SageMaker-Target-Model"] = "head" .. math.random(0, heads - 1) end
  return wrk.format("POST", "/invocations")
end
"""


def flat_out(port, body, connections, seconds, heads=0):
    """What so many connections get that send the next request when the answer is there."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.format(body=body, heads=heads))
        script.flush()
        text = subprocess.run(["wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{seconds}s",
                               "--timeout", "30s", "--latency", "--script", script.name,
                               f"http://127.0.0.1:{port}/invocations"], check=True, capture_output=True,
                              text=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    found = {share: re.search(rf"{share}%\s+([\d.]+)(us|ms|s|m)\b", text) for share in (50, 99)}
    return {"connections": connections, "images_per_second": float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]),
            "failed": int(failed[1]) if failed else 0,
            **{f"p{share}": float(each[1]) * UNITS[each[2]] for share, each in found.items()}}


class Client:
    """Sends at a steady rate, whatever comes back; a request's time counts from when it was due."""

    def __init__(self, port, body):
        self.port = port
        self.request = (b"POST /invocations HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/jpeg\r\n"
                        b"Content-Length: %d\r\n\r\n" % len(body)) + body
        self.idle, self.connections, self.results = [], 0, []

    async def send(self, due, connection):
        reader, writer = connection or await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(self.request)
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(re.search(rb"(?i)content-length: (\d+)", head)[1]))
        self.results.append((int(head[9:12]), time.perf_counter() - due))
        if b"connection: close" in head.lower():
            writer.close()
            self.connections -= 1
        else:
            self.idle.append((reader, writer))

    async def one(self, due, connection):
        try:
            await self.send(due, connection)
        except (OSError, asyncio.IncompleteReadError):
            self.connections -= 1
            self.results.append((0, time.perf_counter() - due))

    async def run(self, rate, seconds):
        start, tasks, unsent = time.perf_counter(), set(), 0
        for number in range(int(rate * seconds)):
            due = start + number / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            connection = self.idle.pop() if self.idle else None
            if not connection:
                if self.connections >= MOST_CONNECTIONS:
                    unsent += 1
                    continue
                self.connections += 1
            task = asyncio.ensure_future(self.one(due, connection))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(0)
        sent = time.perf_counter() - start
        await asyncio.gather(*tasks)
        return sent, unsent


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else None


def beyond(port, body, rate, seconds):
    """More than the server can do: MOST_CONNECTIONS that send rate / MOST_CONNECTIONS requests a second each, but none
    before it has its last answer. By h2load, as a client in Python would take the cores that the server needs; by several
    of them, one after the other, as one sends on all its connections at once."""
    clients = MOST_CONNECTIONS // PARTS
    interval = MOST_CONNECTIONS / rate
    with tempfile.TemporaryDirectory() as folder:
        logs = [pathlib.Path(folder) / str(part) for part in range(PARTS)]
        running = []
        for log in logs:
            running.append(subprocess.Popen(
                ["h2load", "--h1", "--clients", str(clients), "--duration", str(seconds), "--rps", str(1 / interval),
                 "--data", str(body), "--header", "content-type: image/jpeg", f"--log-file={log}",
                 f"http://127.0.0.1:{port}/invocations"], stdout=subprocess.DEVNULL))
            time.sleep(interval / PARTS)
        if any(each.wait() != 0 for each in running):
            raise RuntimeError("h2load failed")
        lines = [list(map(int, line.split())) for log in logs for line in log.read_text().splitlines()]
    accepted = [microseconds / 1e6 for _, status, microseconds in lines if status == 200]
    refused = [microseconds / 1e6 for _, status, microseconds in lines if status in (429, 503)]
    return summary(accepted, refused, len(lines), seconds)


def summary(accepted, refused, all_of_them, seconds):
    return {"asked_per_second": all_of_them / seconds, "images_per_second": len(accepted) / seconds,
            "refused_per_second": len(refused) / seconds, "failed": all_of_them - len(accepted) - len(refused),
            "p50": percentile(accepted, 0.5), "p99": percentile(accepted, 0.99),
            "refused_p99": percentile(refused, 0.99)}


def at_rate(port, body, rate, seconds):
    client = Client(port, pathlib.Path(body).read_bytes())
    sent, unsent = asyncio.run(client.run(rate, seconds))
    accepted = [latency for status, latency in client.results if status == 200]
    refused = [latency for status, latency in client.results if status in (429, 503)]
    return {**summary(accepted, refused, len(client.results), sent), "unsent": unsent}


if __name__ == "__main__":
    PORT, BODY, RATE, SECONDS = sys.argv[1:]
    print(json.dumps(at_rate(int(PORT), BODY, float(RATE), float(SECONDS))))
