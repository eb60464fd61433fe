"""Coming and going: the login page, the way out, the choice of language and appearance. Plain HTML, no script."""

from html import escape
from typing import Final
from urllib.parse import parse_qs, urlencode

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.door import SESSION_COOKIE
from services.console.parts import APPEARANCE_COOKIE, LANGUAGE_COOKIE, Parts, words_of
from services.console.words import LANGUAGES, Words
from shared.users import PASSWORD_LENGTH_MAX

YEAR_SECONDS: Final = 365 * 86_400
FORM_BYTES_MAX: Final = 4_096
APPEARANCES: Final = ("light", "dark", "auto")

PAGE: Final = """<!doctype html>
<html lang="{tag}" data-appearance="{appearance}">
<head><meta charset="utf-8"><title>{title} · Scorebus</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="/static/mark.svg" type="image/svg+xml"><link rel="stylesheet" href="/static/console.css"></head>
<body class="entrance">
<main><form class="entrance-card" method="post" action="/login">
<img src="/static/mark.svg" alt="" width="44" height="44">
<h1>Scorebus</h1><p class="quiet">{purpose}</p>
{trouble}
<input type="hidden" name="to" value="{to}">
<label for="name">{name_label}</label>
<input id="name" name="name" autocomplete="username" required maxlength="64" value="{name}" autofocus>
<label for="password">{password_label}</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="256">
<button type="submit">{enter}</button>
<p class="entrance-languages">{languages}</p>
</form></main></body></html>"""


def local_path(wanted: str) -> str:
    """*wanted* if it is a path of ours, else the overview: a login never leads to another site."""
    is_ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if is_ours and not wanted.startswith(("/login", "/logout", "/language")) else "/"


def router(parts: Parts) -> APIRouter:
    """The calls that need no session, and the one that ends it."""
    routes = APIRouter()
    _add_login(routes, parts)
    _add_choices(routes)
    return routes


def _add_login(routes: APIRouter, parts: Parts) -> None:
    @routes.get("/login")
    async def show_login(request: Request, to: str = "/") -> Response:
        """The form."""
        return _form(request, words_of(request, parts.settings), to=to)

    @routes.post("/login")
    async def log_in(request: Request) -> Response:
        """Begin a session if name and password fit."""
        words = words_of(request, parts.settings)
        form = await _fields(request)
        name, password, to = form.get("name", "").strip(), form.get("password", ""), form.get("to", "/")
        address = request.client.host if request.client else ""
        wait = parts.throttle.wait_seconds(name, address)
        if wait > 0:
            seconds = int(wait) + 1
            trouble = words("login.wait", seconds=seconds)
            answer = _form(request, words, to=to, name=name, trouble=trouble, status=429)
            answer.headers["Retry-After"] = str(seconds)
            return answer
        # Counted before the hash is made, or attempts sent at once would all pass before the first one fails.
        parts.throttle.failed(name, address)
        user = await parts.register.user(name, password) if len(password) <= PASSWORD_LENGTH_MAX else None
        if user is None:
            return _form(request, words, to=to, name=name, trouble=words("login.wrong"), status=401)
        parts.throttle.succeeded(name, address)
        visitor = parts.visitors.welcome(user.name, user.scopes, user.projects)
        entered = RedirectResponse(local_path(to), status_code=303)
        _set_cookie(entered, parts, SESSION_COOKIE, visitor.key)
        return entered

    @routes.post("/logout")
    async def log_out(request: Request) -> Response:
        """End the session and close its pages."""
        visitor = request.state.visitor
        if visitor is not None and not visitor.is_wall:
            parts.visitors.dismiss(visitor)
        left = RedirectResponse("/login", status_code=303)
        left.delete_cookie(SESSION_COOKIE, path="/", httponly=True, samesite="strict")
        return left


def _add_choices(routes: APIRouter) -> None:
    @routes.get("/language/{language}")
    async def choose_language(language: str, to: str = "/") -> Response:
        """Remember the language."""
        answer = RedirectResponse("/login" if to == "/login" else local_path(to), status_code=303)
        if language in LANGUAGES:
            answer.set_cookie(LANGUAGE_COOKIE, language, max_age=YEAR_SECONDS, samesite="strict", httponly=True)
        return answer

    @routes.get("/appearance/{appearance}")
    async def choose_appearance(appearance: str, to: str = "/") -> Response:
        """Remember light, dark, or as the system has it."""
        answer = RedirectResponse(local_path(to), status_code=303)
        if appearance in APPEARANCES:
            answer.set_cookie(APPEARANCE_COOKIE, appearance, max_age=YEAR_SECONDS, samesite="strict", httponly=True)
        return answer


def set_session_cookie(answer: Response, parts: Parts, name: str, key: str) -> None:
    """A cookie that no script reads and no other site sends."""
    _set_cookie(answer, parts, name, key)


def _set_cookie(answer: Response, parts: Parts, name: str, key: str) -> None:
    answer.set_cookie(name, key, path="/", httponly=True, samesite="strict", secure=parts.settings.secure_cookies)


async def _fields(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_BYTES_MAX:
            return {}
    return {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace"), max_num_fields=10).items()}


def _form(
    request: Request, words: Words, *, to: str, name: str = "", trouble: str = "", status: int = 200
) -> HTMLResponse:
    languages = " · ".join(
        f'<span aria-current="true">{words(f"language.{each}")}</span>'
        if each == words.language
        else f'<a href="/language/{each}?{urlencode({"to": "/login"})}" lang="{each}">{words(f"language.{each}")}</a>'
        for each in LANGUAGES
    )
    page = PAGE.format(
        tag=words.tag,
        appearance=escape(request.cookies.get(APPEARANCE_COOKIE, "auto")),
        title=words("login.title"),
        purpose=words("login.purpose"),
        trouble=f'<p class="trouble" role="alert">{escape(trouble)}</p>' if trouble else "",
        to=escape(local_path(to)),
        name=escape(name[:64]),
        name_label=words("login.name"),
        password_label=words("login.password"),
        enter=words("login.enter"),
        languages=languages,
    )
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})
