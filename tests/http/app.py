"""A small application for the wire tests, served by the real `serve`: `python -m tests.http.app --root …`."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs

from reference_impl.config import Config, UsageError
from reference_impl.http.message import FileSlice, Handler, Request, Response
from reference_impl.serve import serve


def build(config: Config) -> Handler:
    """Paths name behaviours; see `App`."""
    if config.mutant == "refuse-to-start":
        raise UsageError("no such mutant", "see mutants")
    if config.mutant == "die-at-start":
        os._exit(9)
    return App(config).handle


class App:
    """One method for each first path segment."""

    def __init__(self, config: Config) -> None:
        self._root = config.root

    async def handle(self, request: Request) -> Response:
        behaviour = getattr(self, "on_" + request.path.strip("/").split("/")[0].replace("-", "_"), None)
        if behaviour is None:
            return Response(404, "no such behaviour", body=request.path.encode())
        return await behaviour(request, {k: v[0] for k, v in parse_qs(request.query).items()})

    async def on_echo(self, request: Request, words: dict[str, str]) -> Response:
        body = await request.body.read(1 << 20)
        seen = {
            "method": request.method,
            "target": request.target,
            "path": request.path,
            "query": request.query,
            "headers": list(request.headers.items()),
            "scheme": request.scheme,
            "length": request.body.length,
            "body": body.decode("latin-1"),
        }
        return Response(200, "OK", [("Content-Type", "application/json")], json.dumps(seen).encode())

    async def on_upload(self, request: Request, words: dict[str, str]) -> Response:
        """Writes the body to a file, slowly when asked, and tells its digest; logs how it ended."""
        digest, size, largest = hashlib.md5(), 0, 0
        path = self._root / words.get("name", "upload")
        try:
            with path.open("wb") as file:
                async for piece in request.body.chunks():
                    digest.update(piece)
                    size += len(piece)
                    largest = max(largest, len(piece))
                    await asyncio.to_thread(file.write, piece)
                    await asyncio.sleep(float(words.get("pause", "0")))
        except Exception as error:
            (self._root / "aborted").write_text(f"{type(error).__name__}: {error}")
            raise
        told = {"md5": digest.hexdigest(), "size": size, "largest": largest}
        return Response(201, "Created", body=json.dumps(told).encode())

    async def on_sink(self, request: Request, words: dict[str, str]) -> Response:
        """Drops the body in a thread, as a store would write it."""
        size = 0
        with open(os.devnull, "wb", buffering=0) as sink:  # noqa: PTH123
            async for piece in request.body.chunks():
                size += len(piece)
                await asyncio.to_thread(sink.write, piece)
        return Response(201, "Created", body=json.dumps({"size": size}).encode())

    async def on_ignore(self, request: Request, words: dict[str, str]) -> Response:
        return Response(403, "Not read", [("x-ms-error-code", "Nope")], b"early")

    async def on_file(self, request: Request, words: dict[str, str]) -> Response:
        fd = os.open(self._root / words["name"], os.O_RDONLY)
        size = int(words.get("length", os.fstat(fd).st_size))
        closed = self._root / "closed"

        def close() -> None:
            os.close(fd)
            with closed.open("a") as log:
                log.write("x")

        return Response(200, "OK", body=FileSlice(fd, int(words.get("offset", "0")), size, close))

    async def on_stream(self, request: Request, words: dict[str, str]) -> Response:
        fail_at = int(words.get("fail", "-1"))

        async def pieces() -> AsyncIterator[bytes]:
            for index in range(3):
                if index == fail_at:
                    raise RuntimeError("the stream broke")
                yield b"piece%d," % index

        length = [("Content-Length", words["length"])] if "length" in words else []
        return Response(200, "OK", length, body=pieces())

    async def on_chunky(self, request: Request, words: dict[str, str]) -> Response:
        return Response(200, "OK", body=None if request.method == "HEAD" else b"<List/>", chunked=True)

    async def on_head(self, request: Request, words: dict[str, str]) -> Response:
        return Response(200, "OK", [("Content-Length", "123456")], None)

    async def on_status(self, request: Request, words: dict[str, str]) -> Response:
        return Response(int(words["code"]), "As asked", body=b"a body" if "body" in words else None)

    async def on_big(self, request: Request, words: dict[str, str]) -> Response:
        return Response(200, "OK", body=b"x" * int(words["size"]))

    async def on_fail(self, request: Request, words: dict[str, str]) -> Response:
        raise RuntimeError("a fault of the application")

    async def on_none(self, request: Request, words: dict[str, str]) -> Response:
        return None  # type: ignore[return-value]

    async def on_cancel(self, request: Request, words: dict[str, str]) -> Response:
        raise asyncio.CancelledError

    async def on_split(self, request: Request, words: dict[str, str]) -> Response:
        return Response(200, "OK", [("x-ms-meta-a", "one\r\nSet-Cookie: stolen")])

    async def on_slow(self, request: Request, words: dict[str, str]) -> Response:
        """Takes its time, then leaves a mark: the end of a commit that must not be cut."""
        (self._root / "slow-began").touch()
        await asyncio.sleep(float(words["seconds"]))
        (self._root / "slow-ended").touch()
        return Response(200, "OK", body=b"done")

    async def on_pid(self, request: Request, words: dict[str, str]) -> Response:
        return Response(200, "OK", body=str(os.getpid()).encode())

    async def on_exit(self, request: Request, words: dict[str, str]) -> Response:
        os._exit(7)

    async def on_memory(self, request: Request, words: dict[str, str]) -> Response:
        """Peak resident memory of this process in KiB."""
        lines = Path("/proc/self/status").read_text().splitlines()
        peak = next(line.split()[1] for line in lines if line.startswith("VmHWM:"))
        return Response(200, "OK", body=peak.encode())


if __name__ == "__main__":
    sys.exit(serve(sys.argv[1:], build))
