"""The files of the pages: scripts, styles and pictures, each read and packed once and held while it stays the same."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_PACKED = (".js", ".css", ".json", ".svg", ".html", ".txt", ".map", "LICENSE")


class PageFiles(StaticFiles):
    """A page asks for fifty small files at once: read and packed anew, each would wait for a thread five times."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory=directory)
        self._held: dict[str, tuple[tuple[int, int], bytes]] = {}

    def file_response(
        self, full_path: os.PathLike[str] | str, stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, packed for those who can read it; a part of it, or a picture, as it lies on disk."""
        answer = super().file_response(full_path, stat_result, scope, status_code)
        asked = Headers(scope=scope)
        is_plain = "gzip" not in asked.get("accept-encoding", "") or "range" in asked or scope["method"] != "GET"
        if is_plain or not isinstance(answer, FileResponse) or not str(full_path).endswith(_PACKED):
            return answer
        headers = MutableHeaders(raw=[pair for pair in answer.raw_headers if pair[0] != b"content-length"])
        headers["Content-Encoding"] = "gzip"
        headers.add_vary_header("Accept-Encoding")
        return Response(self._packed(str(full_path), stat_result), status_code, headers)

    def _packed(self, path: str, found: os.stat_result) -> bytes:
        state = (found.st_mtime_ns, found.st_size)
        held = self._held.get(path)
        if held is None or held[0] != state:
            held = self._held[path] = state, gzip.compress(Path(path).read_bytes(), compresslevel=9, mtime=0)
        return held[1]
