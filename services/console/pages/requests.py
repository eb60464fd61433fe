"""Payment requests at the desk: who approves sees what waits for a decision, who pays what is approved."""

from typing import Any, Final

from nicegui import ui
from starlette.requests import Request

from services.console.desk.fields import Asked
from services.console.desk.forms import Field
from services.console.desk.menu import show_menu
from services.console.desk.sheet import show_figures
from services.console.frame import Scene, appearance_of, explain, framed, heading, leave_out, scene_of
from services.console.pages.asking import add_buttons, ask_reason, small_dialog
from services.console.parts import Parts
from services.console.sources import Refused
from shared.identity import new_id

SCOPES: Final = ("payments:request", "payments:approve", "payments:pay")
SHOWN: Final = 100
EACH_SECONDS: Final = 3.0  # No stream tells of requests.
ORDER: Final = {"requested": 0, "approved": 1, "paid": 2, "rejected": 3}
SIGNS: Final = {"requested": "…", "approved": "→", "paid": "✓", "rejected": "✗"}


def add(parts: Parts) -> None:
    """Add the page."""

    @ui.page("/desk/requests", response_timeout=20)
    async def requests(request: Request) -> None:
        scene = scene_of(request, parts)
        words = scene.words
        if not (scene.visitor.may(*SCOPES) and scene.visitor.may("budget:read")):
            with framed(scene, words("problem.forbidden"), appearance_of(request)):
                heading(words("problem.forbidden"), 1)
            return
        with framed(scene, words("task.requests"), appearance_of(request)):
            heading(words("desk.title"), 1)
            show_menu(scene, "requests")
            with ui.element("section").classes("part desk-sheet"):
                heading(words("task.requests"))
                ui.label(words("requests.explained")).classes("quiet")
                await _Requests(scene).show()


class _Requests:
    """The list, built anew after each step."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._place = ui.element("div").classes("requests")
        self._keys: dict[str, str] = {}  # One for each request that is being paid: sent twice, it is paid once.
        self._outcomes: dict[str, ui.element] = {}
        self._shown: list[dict[str, Any]] | None = None

    async def show(self) -> None:
        """Fetch the list and show it, and again when somebody else has taken a step."""
        await self._look()
        ui.timer(EACH_SECONDS, self._look, immediate=False)

    async def _look(self) -> None:
        if self._scene.visitor.is_over:
            return
        try:
            found = await self._scene.every("budget", "/payment-requests")
        except Refused as refused:
            if self._shown is None:
                self._place.clear()
                with self._place:
                    leave_out(self._scene, refused)
            return
        found.sort(key=lambda request: (ORDER[request["status"]], request["requested_at"]))
        if found != self._shown:
            self._shown = found
            self._build(found)

    def _build(self, found: list[dict[str, Any]]) -> None:
        self._place.clear()
        with self._place:
            if not found:
                ui.label(self._scene.words("requests.none")).classes("quiet")
            for request in found[:SHOWN]:
                self._one(request)

    def _one(self, request: dict[str, Any]) -> None:
        words, status = self._scene.words, request["status"]
        with ui.element("article").classes(f"request request-{status}") as article:
            article.props["data-request"] = request["payment_request"]
            with ui.element("div").classes("request-what"):
                ui.label(f"{words.money(request['amount'])} · {request['payee']}").classes("request-amount")
                ui.label(request["purpose"])
                people = words("requests.by", person=request["requested_by"], at=words.moment(request["requested_at"]))
                if request["decided_by"]:
                    people += " · " + words(
                        f"requests.{'rejected' if status == 'rejected' else 'approved'}_by",
                        person=request["decided_by"],
                    )
                standing = self._scene.parts.board.standings.get(request["project"])
                title = request["project"] if standing is None else standing.title
                ui.label(f"{title} / {request['line']} · {people}").classes("quiet small")
                if request["rejection_reason"]:
                    ui.label(request["rejection_reason"]).classes("quiet")
            with ui.element("span").classes("status"):
                ui.label(f"{SIGNS[status]} {words.of('request_status', status)}")
            with ui.element("div").classes("request-steps"):
                self._steps(request)
            outcome = ui.element("div").classes("outcome request-outcome").props("role=status aria-live=polite")
            outcome.props["id"] = f"outcome-{request['payment_request']}"
        self._outcomes[request["payment_request"]] = outcome

    def _steps(self, request: dict[str, Any]) -> None:
        words, may, name = self._scene.words, self._scene.visitor.may, request["payment_request"]

        async def approve() -> None:
            await self._take(name, "approval", {})

        async def reject(reason: str) -> None:
            await self._take(name, "rejection", {"reason": reason})

        if request["status"] == "requested" and may("payments:approve"):
            ui.button(words("requests.approve"), on_click=approve).props("unelevated no-caps dense").classes("send")
            ui.button(
                words("requests.reject"), on_click=lambda: ask_reason(self._scene, words("requests.reject"), reject)
            ).props("outline no-caps dense")
        if request["status"] == "approved" and may("payments:pay"):
            ui.button(words("requests.pay"), on_click=lambda: self._ask_day(request)).props(
                "unelevated no-caps dense"
            ).classes("send")

    def _ask_day(self, request: dict[str, Any]) -> None:
        """The day on which the money left: the platform records payments, it makes none."""
        words, name = self._scene.words, request["payment_request"]
        with small_dialog(self._scene, words("requests.pay")) as dialog:
            ui.label(f"{words.money(request['amount'])} · {request['payee']}").classes("request-amount")
            paid_on = Asked(self._scene, Field(name="paid_on", kind="day"))

            async def pay() -> None:
                if paid_on.value() is None:
                    paid_on.complain(words("error.missing"))
                    return
                dialog.close()
                await self._take(name, "payment", {"paid_on": paid_on.value()})

            add_buttons(self._scene, dialog, words("requests.pay"), pay)

    async def _take(self, name: str, step: str, body: dict[str, Any]) -> None:
        key = self._keys.setdefault(f"{name} {step}", new_id())
        try:
            await self._scene.send("POST", "budget", f"/payment-requests/{name}/{step}", body, key=key)
        except Refused as refused:
            outcome = self._outcomes[name]
            outcome.clear()
            outcome.classes(add="is-bad")
            with outcome:
                ui.label(f"✗ {explain(self._scene.words, refused)}").classes("outcome-text")
                show_figures(refused.problem, self._scene.words)
            return
        with self._place:
            ui.notify(self._scene.words("desk.done"), type="positive")
        await self._look()
