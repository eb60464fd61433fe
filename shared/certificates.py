"""Whom a client of HTTPS believes. To read the certificates of the world takes 2 MiB, of no use without HTTPS."""

import ssl
from collections.abc import Iterable
from functools import cache

import httpx


def context_for(urls: Iterable[str]) -> ssl.SSLContext:
    """What a client of *urls* verifies servers with; it believes nobody if none of them is ``https``."""
    return _everybody() if any(httpx.URL(url).scheme == "https" for url in urls) else _nobody()


@cache
def _everybody() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@cache
def _nobody() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
