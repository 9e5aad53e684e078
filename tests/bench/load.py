"""Posts ready-made bodies over many connections as fast as they are answered; run as a process of its own.

    python -m tests.bench.load PORT PATH SECRET CONNECTIONS FILE

FILE has a body a line. Prints JSON: answers a second, the median and the 99th percentile in milliseconds, refusals.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from pathlib import Path


async def post(port: int, head: bytes, bodies: list[bytes], times: list[float], refused: list[int]) -> None:
    """One connection: takes the next body when the last one is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while bodies:
        body = bodies.pop()
        started = time.perf_counter()
        writer.write(head + b"%d\r\n\r\n" % len(body) + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        length = next(
            (int(line[15:]) for line in answer.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
        )
        if length:
            await reader.readexactly(length)
        times.append(time.perf_counter() - started)
        if not answer.startswith(b"HTTP/1.1 200"):
            refused.append(int(answer[9:12]))
    writer.close()


async def main(port: int, path: str, secret: str, connections: int, file: Path) -> None:
    bodies = file.read_bytes().splitlines()[::-1]
    count = len(bodies)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: pult.test\r\nContent-Type: application/json\r\n"
        f"X-Telegram-Bot-Api-Secret-Token: {secret}\r\nContent-Length: "
    ).encode()
    times: list[float] = []
    refused: list[int] = []
    started = time.perf_counter()
    await asyncio.gather(*(post(port, head, bodies, times, refused) for _ in range(connections)))
    rate = count / (time.perf_counter() - started)
    cuts = statistics.quantiles(times, n=100)
    print(json.dumps({"rate": rate, "median": cuts[49] * 1e3, "p99": cuts[98] * 1e3, "refused": len(refused)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), Path(sys.argv[5])))
