"""Metrics pages of many inference servers on one port: /t/NUMBER/metrics for each.

    python benchmarks/measuring/exporter.py PORT PAGE [VARIANTS]

A page is a recorded one of vLLM whose counters grow from scrape to scrape. All targets walk through
the same variants, rendered beforehand, so that serving costs nearly nothing beside scraping.
"""

import asyncio
import re
import sys
from pathlib import Path

GROWING = re.compile(r"^([^#\s]+(?:_total|_sum|_count|_bucket)(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


def variants(page: str, count: int) -> list[bytes]:
    """Return the page as it is, then with every counter grown a little more each time."""

    def grown(step: int) -> str:
        return GROWING.sub(
            lambda found: f"{found[1]} {float(found[2]) + step * (1 + len(found[1]) % 7)}", page
        )

    return [_response(grown(step).encode()) for step in range(count)]


def _response(body: bytes) -> bytes:
    kind = "text/plain; version=0.0.4; charset=utf-8"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(port: int, pages: list[bytes]) -> None:
    """Answer every GET with the next variant of its path, for ever."""
    steps: dict[bytes, int] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                path = request.split(b" ", 2)[1]
                steps[path] = steps.get(path, -1) + 1
                writer.write(pages[min(steps[path], len(pages) - 1)])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=2048)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(
        serve(
            int(sys.argv[1]),
            variants(Path(sys.argv[2]).read_text(), int(sys.argv[3]) if len(sys.argv) > 3 else 300),
        )
    )
