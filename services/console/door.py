"""
The door: nobody in without a session, nothing changed at another site's wish, and what browsers may run here.

What NiceGUI does not allow of a strict policy: ``style-src`` needs ``unsafe-inline``, because Vue and Quasar set
styles on elements, and ``script-src`` needs ``unsafe-eval``, because Vue compiles templates in the browser. Scripts in
the page itself run by a nonce only, so one that was smuggled in as text does not run even if it were not escaped.
"""

import secrets
from typing import Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.console.parts import Parts
from services.console.visitors import Visitor

SESSION_COOKIE: Final = "scorebus_session"
WALL_COOKIE: Final = "scorebus_wall"
WALL_PATHS: Final = ("/wall", "/_nicegui_ws/")
OPEN_PATHS: Final = ("/login", "/language/", "/static/", "/_nicegui/", "/livez", "/readyz", "/healthz", "/metrics")
OPEN_POSTS: Final = ("/login", "/logout")
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FORBIDDEN: Final = 4403  # The code a socket is closed with.


class Door:
    """ASGI middleware around everything."""

    def __init__(self, app: ASGIApp, *, parts: Parts) -> None:
        self._app = app
        self._parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        visitor = self._visitor(scope["path"], headers)
        scope.setdefault("state", {})["visitor"] = visitor
        if scope["type"] == "websocket":
            if visitor is None or not _is_same_site(headers):
                await receive()
                await send({"type": "websocket.close", "code": FORBIDDEN})
                return
            await self._app(scope, receive, send)
            return
        nonce = secrets.token_urlsafe(16)
        sending = Answer(send, nonce, headers.get("host", ""), is_secure=self._parts.settings.secure_cookies)
        await self._answerer(scope, headers, visitor)(scope, receive, sending)

    def _visitor(self, path: str, headers: Headers) -> Visitor | None:
        cookies = cookie_parser(headers.get("cookie", ""))
        visitor = self._parts.visitors.of(cookies.get(SESSION_COOKIE))
        if visitor is None and self._parts.settings.wall_screen and path.startswith(WALL_PATHS):
            key = cookies.get(WALL_COOKIE) or ""
            return self._parts.wall if secrets.compare_digest(key.encode(), self._parts.wall.key.encode()) else None
        return visitor

    def _answerer(self, scope: Scope, headers: Headers, visitor: Visitor | None) -> ASGIApp:
        path: str = scope["path"]
        if scope["method"] not in SAFE_METHODS:
            if not _is_same_site(headers):
                return PlainTextResponse("cross-site", status_code=403)
            if visitor is None and path not in OPEN_POSTS:
                return PlainTextResponse("log in first", status_code=401)
        if visitor is not None or path.startswith(OPEN_PATHS):
            return self._app
        if path == "/wall" and self._parts.settings.wall_screen:
            return self._app  # The page itself begins the session of the wall.
        if scope["method"] == "GET" and not path.startswith("/_nicegui_ws/"):
            query = scope["query_string"].decode("latin-1")
            wanted = quote(path + ("?" + query if query else ""), safe="/")
            return RedirectResponse("/login" + (f"?to={wanted}" if path != "/" else ""), status_code=303)
        return PlainTextResponse("log in first", status_code=401)


def _is_same_site(headers: Headers) -> bool:
    """Whether a request comes from our own pages; browsers say so in one of two headers, and cannot be made to lie."""
    origin = headers.get("origin")
    if origin is not None:
        return urlsplit(origin).netloc == headers.get("host")
    return headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none")


class Answer:
    """Sends an answer on: with the policy in its head, and the nonce in the scripts of a page."""

    def __init__(self, send: Send, nonce: str, host: str, *, is_secure: bool) -> None:
        self._send = send
        self._nonce = nonce
        self._host = host if host.isascii() and not set(host) & set(" ;,\"'") else ""
        self._is_secure = is_secure
        self._start: Message | None = None  # Held back until the page is whole.
        self._body = bytearray()

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            is_page = headers.get("content-type", "").startswith("text/html")
            self._guard(headers)
            if is_page:
                self._start = message
                return
        if self._start is None:
            await self._send(message)
            return
        self._body += message.get("body", b"")
        if not message.get("more_body"):
            # Elements are JSON with `<` escaped, so every `<script` in the page is NiceGUI's own.
            body = bytes(self._body).replace(b"<script", b'<script nonce="%s"' % self._nonce.encode())
            MutableHeaders(scope=self._start)["content-length"] = str(len(body))
            await self._send(self._start)
            await self._send({"type": "http.response.body", "body": body})

    def _guard(self, headers: MutableHeaders) -> None:
        sockets = f" ws://{self._host} wss://{self._host}" if self._host else ""
        headers["content-security-policy"] = "; ".join(
            (
                "default-src 'none'",
                f"script-src 'self' 'nonce-{self._nonce}' 'unsafe-eval'",
                "style-src 'self' 'unsafe-inline'",
                "img-src 'self' data:",
                "font-src 'self' data:",
                f"connect-src 'self'{sockets}",
                "manifest-src 'self'",
                "base-uri 'none'",
                "form-action 'self'",
                "frame-ancestors 'none'",
                "object-src 'none'",
            )
        )
        headers["x-content-type-options"] = "nosniff"
        headers["referrer-policy"] = "same-origin"  # With none at all, browsers send the origin of a form as null.
        headers["cross-origin-opener-policy"] = "same-origin"
        headers["cross-origin-resource-policy"] = "same-origin"
        headers["permissions-policy"] = "camera=(), geolocation=(), microphone=()"
        if self._is_secure:
            headers["strict-transport-security"] = "max-age=31536000"
