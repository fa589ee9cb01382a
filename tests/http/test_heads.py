"""The head of a request has an end, whatever is sent and in whatever pieces."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.heads import MOST_BYTES

END = b"\r\n\r\n"


@contextmanager
def connected(base: str) -> Iterator[socket.socket]:
    split = urlsplit(base)
    with socket.create_connection((split.hostname, split.port), timeout=60) as made:
        yield made


def answer_to(base: str, pieces: list[bytes]) -> bytes:
    """All that the server says until it closes the connection."""
    with connected(base) as made:
        with suppress(ConnectionError):  # it need not listen to the end
            for piece in pieces:
                made.sendall(piece)
        told = b""
        with suppress(ConnectionError):
            while some := made.recv(65_536):
                told += some
        return told


@pytest.mark.parametrize("head", [b"GET /healthz?", b"GET /healthz HTTP/1.1\r\nHost: ", b"GET /healthz HTTP/1.1\r\n"])
def test_a_head_without_end_is_refused(base: str, head: bytes) -> None:
    more = b"X-Some: thing\r\n" if head.endswith(b"\n") else b"x" * 1000
    assert answer_to(base, [head, *[more] * (2 * MOST_BYTES // len(more))])[:13] == b"HTTP/1.1 400 "


@given(st.lists(st.integers(1, 400), max_size=6))
@settings(max_examples=40, deadline=None)
def test_in_whatever_pieces_requests_come_each_is_answered(base: str, cuts: list[int]) -> None:
    last = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close" + END
    body = b'{"points": [[120.3, 36.1]]}'
    first = (
        b"POST /v1/locate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        + b"Content-Length: %d" % len(body) + END + body
    )  # fmt: skip
    whole, at = first + last, [0, *sorted({one for one in cuts if one < len(first + last)}), None]
    told = answer_to(base, [whole[begin:end] for begin, end in pairwise(at)])
    assert told.count(b"HTTP/1.1 200 ") == 2, told


def test_a_body_that_comes_with_its_head_does_not_count_as_head(base: str) -> None:
    points = [[120.3, 36.1]] * 10_000
    assert httpx.post(f"{base}/v1/locate?columns=rule", json={"points": points}, timeout=30).json()["count"] == 10_000
    with httpx.Client(base_url=base) as kept:  # nor does what a connection carried before
        for _ in range(3):
            assert kept.post("/v1/locate?columns=rule", json={"points": points[:2000]}).status_code == 200
