"""Many inference servers' /metrics on one port, for benchmarks: /t/NUMBER/metrics is a vLLM page whose counters grow from scrape to scrape.

    python benchmarks/exporter.py PORT PAGE [VARIANTS]

Each target walks through the same variants of the page, rendered beforehand, so that serving costs nearly nothing beside scraping.
"""

import asyncio
import re
import sys
from pathlib import Path

GROWING = re.compile(r"^([^#\s]+(?:_total|_sum|_count|_bucket)(?:\{[^}]*\})?) (\S+)$", re.MULTILINE)


def variants(page: str, count: int) -> list[bytes]:
    """The page as it is, then with every counter grown a little more each time."""

    def grown(step: int) -> str:
        return GROWING.sub(
            lambda found: f"{found[1]} {float(found[2]) + step * (1 + len(found[1]) % 7)}", page
        )

    return [_answer(grown(step).encode()) for step in range(count)]


def _answer(body: bytes) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def serve(port: int, pages: list[bytes]) -> None:
    """Answer every GET with the next variant of its path, for ever."""
    asked: dict[bytes, int] = {}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := await reader.readuntil(b"\r\n\r\n"):
                path = request.split(b" ", 2)[1]
                asked[path] = asked.get(path, -1) + 1
                writer.write(pages[min(asked[path], len(pages) - 1)])
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
