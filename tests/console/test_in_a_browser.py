"""The console as somebody sees it: a browser before a whole platform."""

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, expect

from cli.folder import DataFolder
from shared.users import a_user, read_users, write_users
from tests.console.browser import PATIENCE_MS, Person, a_browser
from tests.stories.platform import ROOT, Platform, a_platform, eventually

pytestmark = [
    pytest.mark.story,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # Playwright's pipes, closed when the process is gone.
]

PROJECT = "library"
PASSWORD = "correct horse battery"
EVIL = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"

PLAN = {
    "project": PROJECT,
    "title": "县图书馆新书采购",
    "fiscal_year": 2025,
    "from": "2025-01-01",
    "to": "2025-12-31",
    "policy": "mof-2020",
    "objective": "More books.",
    "execution": {"weight": "10"},
    "indicators": [
        {
            "code": "1.1.1",
            "dimension": "output",
            "aspect": "cost",
            "name": EVIL,
            "unit": "元",
            "target": {"op": "<=", "value": "6000"},
            "weight": "90",
            "measure": "paid_amount",
            "with": {"line": "books"},
        }
    ],
}
PROJECT_BODY = {
    "name": "县图书馆新书采购",
    "unit": "县图书馆",
    "department": "文旅局",
    "fiscal_year": 2025,
    "nature": "new",
    "starts_on": "2025-01-01",
    "ends_on": "2025-12-31",
    "lines": [{"line": "books", "name": "图书", "amount": "6000.00"}],
    "sources": {"fiscal": "6000.00"},
}


class Office(Platform):
    """A platform with its console, its users and one project."""

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.base + 80}"

    def pay(self, amount: str, key: str) -> httpx.Response:
        body = {
            "project": PROJECT,
            "line": "books",
            "amount": amount,
            "paid_on": "2025-03-02",
            "payee": "新华书店",
            "purpose": "books",
            "approved_by": "director",
        }
        return self.call("POST", "budget", "/payments", "admin", json=body, headers={"Idempotency-Key": key})

    def add_user(self, name: str, *words: str) -> None:
        command = [sys.executable, "-m", "cli.main", "user", "add", name, "--password-stdin", "--data", str(self.data)]
        subprocess.run([*command, *words], cwd=ROOT, input=PASSWORD, text=True, check=True, timeout=60)

    def prepare(self) -> None:
        self.call("PUT", "budget", f"/projects/{PROJECT}", "admin", json=PROJECT_BODY).raise_for_status()
        self.call("PUT", "evaluation", f"/projects/{PROJECT}/plan", "admin", json=PLAN).raise_for_status()
        receipt = {"amount": "6000.00", "source": "fiscal", "received_on": "2025-02-01", "reference": "R-1"}
        self.call("POST", "budget", f"/projects/{PROJECT}/receipts", "admin", json=receipt).raise_for_status()
        self.pay("600.00", "first").raise_for_status()
        eventually(lambda: self.total() == "91.00", "the first payment's score")
        eventually(self.is_on_the_board, "a console that is level")

    def total(self) -> str:
        return str(self.get("evaluation", f"/projects/{PROJECT}/score")["total"])

    def is_on_the_board(self) -> bool:
        return httpx.get(f"{self.address}/readyz").is_success


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with a_platform(tmp_path_factory.mktemp("console") / "data", with_console=True) as platform:
        platform.__class__ = Office
        assert isinstance(platform, Office)
        platform.prepare()
        platform.add_user("gone", "--role=viewer")
        path = platform.data / "users.json"
        more = [a_user("chief", PASSWORD, ["admin"]), a_user("looker", PASSWORD, ["viewer"])]
        write_users(path, [*read_users(path).values(), *more])
        yield platform


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with a_browser() as started:
        yield started


@pytest.fixture
def person(browser: Browser, office: Office) -> Iterator[Person]:
    """Somebody who must see nothing go wrong, and nothing leave the machine."""
    somebody = Person(browser, office.address)
    yield somebody
    somebody.close()
    assert somebody.wrong == []
    assert somebody.foreign == []


def test_a_payment_posted_over_http_changes_the_open_pages_without_a_reload(office: Office, person: Person) -> None:
    page = person.log_in("chief", PASSWORD)
    row = page.locator(f"tr[data-project={PROJECT}]")
    expect(row).to_contain_text(office.total())
    page.evaluate("window.stayed = true")
    second = person.context.new_page()
    second.goto(f"{office.address}/projects/{PROJECT}")
    expect(second.locator(".gauge b")).to_have_text(office.total())

    office.pay("300.00", "live").raise_for_status()

    total = "91.50"
    expect(row.locator(".total b")).to_have_text(total)
    expect(row.locator(".total b")).to_have_class(re.compile("lit"))
    expect(second.locator(".gauge b")).to_have_text(total)
    expect(second.locator("tfoot b")).to_have_text(total)
    expect(second.get_by_role("region", name="预算明细")).to_contain_text("900.00 元")
    assert page.evaluate("window.stayed")


def test_after_a_cut_connection_every_change_is_shown(office: Office, person: Person) -> None:
    page = person.log_in("chief", PASSWORD)
    expect(page.locator(f"tr[data-project={PROJECT}] .total b")).to_have_text(office.total())
    after = f"{float(office.total()) + 0.2:.2f}"

    person.context.set_offline(True)
    office.pay("60.00", "while away 1").raise_for_status()
    office.pay("60.00", "while away 2").raise_for_status()
    eventually(lambda: office.total() == after, "the score meanwhile")
    person.context.set_offline(False)

    expect(page.locator(f"tr[data-project={PROJECT}] .total b")).to_have_text(after)
    person.wrong.clear()  # A browser reports the requests that it could not make.


def test_text_from_outside_is_text(office: Office, person: Person) -> None:
    fault = {"project": PROJECT, "severity": "major", "title": EVIL, "occurred_at": "2025-04-01T08:00:00+08:00"}
    office.call("POST", "monitoring", "/faults", "admin", json=fault).raise_for_status()
    page = person.log_in("chief", PASSWORD)

    page = person.open(f"/projects/{PROJECT}")

    expect(page.locator(".fault b")).to_have_text(EVIL)
    page.locator("[data-code='1.1.1'] button.score").click()
    expect(page.get_by_role("dialog")).to_contain_text(EVIL)
    expect(page.get_by_role("dialog").locator("td.code").first).to_have_text(re.compile("^[0-9a-f]{64}$"))
    assert page.title() == "县图书馆新书采购 · Scorebus"
    assert page.locator("img[src=x]").count() == 0


def test_a_payment_is_posted_at_the_desk_and_a_refusal_shows_its_figures(office: Office, person: Person) -> None:
    person.log_in("chief", PASSWORD)
    page = person.open(f"/desk/payment?project={PROJECT}")
    expect(page.get_by_role("combobox", name="预算科目")).to_have_value(re.compile("图书"))
    for name, text in (("payee", "新华书店"), ("amount", "7000"), ("purpose", "新书"), ("approved_by", "馆长")):
        page.locator(person.field(name)).first.fill(text)
    page.locator(person.field("paid_on")).first.fill("2025-05-05")

    page.locator("button.send").click()

    outcome = page.locator(".desk-form .outcome")
    expect(outcome).to_contain_text("超出预算科目的剩余金额")
    expect(outcome).to_contain_text("7,000.00 元")
    expect(page.locator(".q-field--error")).to_have_count(1)
    expect(page.locator(".q-field--error")).to_contain_text("超出预算科目的剩余金额")
    expect(page.locator(person.field("amount")).first).to_have_attribute("aria-invalid", "true")
    before = float(office.total())
    page.locator(person.field("amount")).first.fill("60")
    page.locator("button.send").click()
    expect(outcome).to_contain_text("已办理")
    eventually(lambda: float(office.total()) > before, "the payment of the desk in the score")


def test_a_complaint_that_is_closed_at_the_desk_is_no_longer_offered(office: Office, person: Person) -> None:
    complaint = {"project": PROJECT, "channel": "mailbox", "subject": EVIL, "received_at": "2025-05-01T08:00:00+08:00"}
    office.call("POST", "monitoring", "/complaints", "admin", json=complaint).raise_for_status()
    person.log_in("chief", PASSWORD)
    page = person.open(f"/desk/closure?project={PROJECT}")
    offered = page.get_by_role("combobox", name="投诉")
    expect(offered).to_have_value(re.compile(re.escape(EVIL[:20])))
    page.locator(person.field("outcome")).first.fill("已答复")

    page.locator("button.send").click()

    expect(page.locator(".desk-form .outcome")).to_contain_text("已办理")
    expect(offered).to_have_value("")


def test_the_desk_says_at_the_field_what_is_wrong(office: Office, person: Person) -> None:
    person.log_in("chief", PASSWORD)
    page = person.open(f"/desk/payment?project={PROJECT}")
    expect(page.get_by_role("combobox", name="预算科目")).to_have_value(re.compile("图书"))
    page.locator("button.send").click()
    expect(page.locator(".desk-form .q-field--error").first).to_contain_text("请填写")

    for name, text in (("payee", "新华书店"), ("amount", "a lot"), ("purpose", "新书"), ("approved_by", "馆长")):
        page.locator(person.field(name)).first.fill(text)
    page.locator("button.send").click()

    expect(page.locator(".desk-form .q-field--error")).to_have_count(1)
    expect(page.locator(".desk-form .q-field--error")).to_contain_text("金额")


def test_a_payment_is_requested_approved_and_paid_by_three_people_who_see_each_others_steps(
    office: Office, browser: Browser
) -> None:
    path = office.data / "users.json"
    roles = {"requester": "finance", "approver2": "approver", "cashier2": "cashier"}
    more = [a_user(name, PASSWORD, [role]) for name, role in roles.items()]
    write_users(path, [*read_users(path).values(), *more])
    people = {name: Person(browser, office.address) for name in roles}
    requester, approver, cashier = people.values()
    for name, someone in people.items():
        someone.log_in(name, PASSWORD)
        someone.open("/desk/requests")

    page = requester.open("/desk/request")
    for name, text in (("project", PROJECT), ("line", "books")):
        page.locator(requester.field(name)).first.fill(text)
        page.keyboard.press("Enter")
    for name, text in (("payee", EVIL[:100]), ("amount", "6"), ("purpose", "新书")):
        page.locator(requester.field(name)).first.fill(text)
    page.locator("button.send").click()
    expect(page.locator(".desk-form .outcome")).to_contain_text("已办理")
    asked = approver.page.locator(".request")
    expect(asked).to_contain_text("6.00 元")
    expect(asked).to_contain_text(EVIL[:100])
    asked.get_by_role("button", name="批准").click()
    owed = cashier.page.locator(".request")
    owed.get_by_role("button", name="支付").click()
    dialog = cashier.page.get_by_role("dialog")
    expect(dialog).to_contain_text("6.00 元")
    dialog.locator("input[data-field=paid_on]").fill("2024-12-31")
    dialog.get_by_role("button", name="支付", exact=True).click()
    expect(owed).to_contain_text("日期不在项目年度内")
    owed.get_by_role("button", name="支付").click()
    dialog.locator("input[data-field=paid_on]").fill("2025年6月1日")
    dialog.get_by_role("button", name="支付", exact=True).click()

    expect(owed).to_contain_text("已支付")
    expect(asked).to_contain_text("已支付")
    for someone in people.values():
        someone.close()
        assert (someone.wrong, someone.foreign) == ([], [])


def test_what_the_budget_knows_of_a_project_is_filled_in_to_be_adjusted(office: Office, person: Person) -> None:
    person.log_in("chief", PASSWORD)
    page = person.open("/desk/declare")
    page.locator(person.field("project")).first.fill(PROJECT)
    page.keyboard.press("Tab")

    expect(page.locator(person.field("unit")).first).to_have_value("县图书馆")
    expect(page.locator(".row-fields input[data-field=amount]")).to_have_value("6000.00")


def test_indicators_of_the_catalogue_are_copied_into_a_plan(person: Person) -> None:
    person.log_in("chief", PASSWORD)
    page = person.open("/catalogue")
    page.locator("input[data-field=catalogue]").fill("website-fault-rate")
    # Not the first before the search: what is clicked now is what was found.
    expect(page.locator(".find").first).to_contain_text("网站故障率")
    page.locator(".find").first.get_by_role("button").click()
    expect(page.locator(".tray")).to_contain_text("网站故障率")
    page.locator(".tray").get_by_role("button", name="复制到绩效目标").click()

    expect(page.locator("h2")).to_have_text("编制绩效目标")
    expect(page.locator(".row-fields input[data-field=name]").last).to_have_value("网站故障率")


def test_a_table_that_is_dropped_in_is_audited(person: Person) -> None:
    row = {"level1": "产出指标", "level2": "数量指标", "name": EVIL, "target_printed": "≥60", "actual_printed": "60"}
    table = {"indicators": [row | {"weight": "90", "score": "95"}], "total_printed": "100"}
    page = person.log_in("looker", PASSWORD)
    page = person.open("/audit")

    file = {"name": "表.json", "mimeType": "application/json", "buffer": json.dumps(table).encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]

    findings = page.get_by_role("region", name="自评表审核")
    expect(findings).to_contain_text("错误")
    expect(findings).to_contain_text("95")


def test_taking_an_indicator_from_the_catalogue_moves_the_sum_of_the_weights(person: Person) -> None:
    person.log_in("chief", PASSWORD)
    page = person.open(f"/desk/plan?project={PROJECT}")
    expect(page.locator(".weight-sum")).to_contain_text("100 / 100")

    page.locator("input[data-field=catalogue]").fill("满意")
    page.locator(".find button").first.click()
    expect(page.locator(".row-fields")).to_have_count(2)
    page.locator(".row-fields").last.locator("input[data-field=weight]").fill("5")

    expect(page.locator(".weight-sum")).to_contain_text("105 / 100")


def test_all_is_verified_at_a_click(person: Person) -> None:
    person.log_in("chief", PASSWORD)
    page = person.open("/bus")

    page.get_by_role("button", name="开始核验").click()

    expect(page.get_by_text("全部属实")).to_be_visible(timeout=4 * PATIENCE_MS)


def test_papers_are_saved_as_of_the_day_that_one_looks_at(person: Person) -> None:
    person.log_in("chief", PASSWORD)
    page = person.open(f"/projects/{PROJECT}")
    offered = page.get_by_role("navigation", name="下载表格和报告")
    expect(offered.get_by_role("link")).to_have_count(8)

    with page.expect_download() as now:
        offered.get_by_role("link", name="Excel").first.click()
    page.locator(".time-slider").click(position={"x": 1, "y": 12})
    expect(page.locator(".time-shown")).not_to_have_text("现在")
    with page.expect_download() as then:
        offered.get_by_role("link", name="Excel").first.click()

    assert now.value.suggested_filename == "县图书馆新书采购-项目支出绩效自评表.xlsx"
    assert "as_of=2025-01-01" in then.value.url
    assert then.value.path().read_bytes().startswith(b"PK")


def test_a_paper_is_for_who_may_read_it(office: Office, person: Person) -> None:
    person.log_in("looker", PASSWORD)
    page = person.open(f"/projects/{PROJECT}")

    expect(page.locator("button.score").first).to_be_visible()
    expect(page.locator("nav.papers")).to_have_count(0)
    assert person.context.request.get(f"{office.address}/papers/{PROJECT}/form.xlsx").status == 404


def test_the_language_is_switched_and_stays(person: Person) -> None:
    page = person.log_in("looker", PASSWORD)
    expect(page.locator("h1")).to_have_text("项目总览")

    page.get_by_role("link", name="English").click()

    expect(page.locator("h1")).to_have_text("Projects")
    assert page.evaluate("document.documentElement.lang") == "en-US"
    page = person.open(f"/projects/{PROJECT}")
    expect(page.get_by_role("region", name="Self-evaluation table of the project")).to_be_visible()


def test_a_viewer_is_offered_nothing_that_a_viewer_may_not_do(person: Person) -> None:
    page = person.log_in("looker", PASSWORD)

    expect(page.locator("nav.ways")).not_to_contain_text("办公台")
    page = person.open("/desk/payment")
    expect(page.locator("h1")).to_have_text("您没有这项权限。")


def test_who_may_not_read_scores_sees_none(office: Office, person: Person) -> None:
    path = office.data / "users.json"
    write_users(path, [*read_users(path).values(), a_user("agent", PASSWORD, ["agent"])])

    page = person.log_in("agent", PASSWORD)

    expect(page.locator("h1")).to_have_text("办公台")
    expect(page.locator("nav.desk-menu")).to_contain_text("报告故障")
    page = person.open(f"/projects/{PROJECT}")
    expect(page.locator("h1")).to_have_text("没有这个项目")
    assert "新书" not in page.content()


def test_a_wrong_password_lets_nobody_in_and_a_login_leads_where_one_wanted_to_go(person: Person) -> None:
    page = person.log_in("looker", "not the password")
    expect(page.get_by_role("alert")).to_have_text("用户名或密码不正确。")
    person.wrong.clear()  # A browser reports the answer 401.

    page = person.open(f"/projects/{PROJECT}")
    page.fill("#name", "looker")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")

    expect(page.locator("h1")).to_have_text("县图书馆新书采购")


def test_who_is_removed_is_logged_out_at_once(office: Office, person: Person) -> None:
    page = person.log_in("gone", PASSWORD)
    expect(page.locator("h1")).to_have_text("项目总览")

    command = [sys.executable, "-m", "cli.main", "user", "remove", "gone", "--data", str(office.data)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60)

    page.wait_for_url("**/login*", timeout=PATIENCE_MS)


def test_everything_is_reached_by_keyboard(person: Person) -> None:
    page = person.log_in("chief", PASSWORD)
    page = person.open(f"/projects/{PROJECT}")
    page.locator("button.score").first.wait_for()

    page.keyboard.press("Tab")
    expect(page.locator("a.skip")).to_be_focused()
    page.locator("button.score").first.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_up_names_the_console_and_the_login_of_the_demo(office: Office, person: Person) -> None:
    said = re.search(r"Console +(http://\S+) +log in as (\w+), password (\S+)", office.said)
    assert said is not None
    assert Path(office.data / "users.json").stat().st_mode & 0o077 == 0

    address, name, password = said.groups()
    page = person.log_in(name, password)

    assert address == office.address
    expect(page.locator(f"tr[data-project={PROJECT}]")).to_be_visible()


def test_without_a_session_there_is_nothing_but_the_login(office: Office) -> None:
    for path in ("/", f"/projects/{PROJECT}", "/desk", "/bus", "/wall"):
        answer = httpx.get(office.address + path)

        assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/login")


def test_where_switched_on_the_wall_shows_the_overview_to_anybody_and_nothing_else(
    office: Office, browser: Browser, tmp_path: Path
) -> None:
    with a_wall(office, tmp_path / "wall.log") as address:
        passer_by = Person(browser, address)
        page = passer_by.open("/wall")
        row = page.locator(f"[data-project={PROJECT}]")
        before = re.compile(re.escape(office.total()))
        expect(row).to_contain_text(before)
        office.pay("60.00", "for the wall").raise_for_status()
        eventually(lambda: not before.match(office.total()), "a score that moved")
        expect(row).not_to_contain_text(before, timeout=PATIENCE_MS)
        assert page.locator("main a").count() == 0

        passer_by.open(f"/projects/{PROJECT}")
        assert "/login" in page.url
        passer_by.close()
        assert (passer_by.wrong, passer_by.foreign) == ([], [])


@contextlib.contextmanager
def a_wall(office: Office, log: Path) -> Iterator[str]:
    """A second console before the same services, for the screen on the wall."""
    port = office.base + 81
    settings = {f"{name.upper()}_URL": url for name, url in office.urls.items()} | {
        "PORT": str(port),
        "USERS_FILE": str(DataFolder(office.data).users),
        "SIGNING_KEY": str(DataFolder(office.data).signing_key),
        "WALL_SCREEN": "true",
    }
    environment = os.environ | {f"SCOREBUS_{name}": value for name, value in settings.items()}
    with log.open("wb") as out:
        command = [sys.executable, "-m", "services.console.app"]
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
        try:
            address = f"http://127.0.0.1:{port}"
            eventually(lambda: httpx.get(f"{address}/readyz").is_success, "a console with a wall")
            yield address
        finally:
            process.terminate()
            process.wait(30)


def test_a_socket_without_a_session_is_refused(office: Office) -> None:
    handshake = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}

    answer = httpx.get(f"{office.address}/_nicegui_ws/socket.io/?transport=websocket", headers=handshake | key)

    assert answer.status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_what_another_site_sends_is_refused(office: Office, headers: dict[str, str]) -> None:
    form = {"name": "looker", "password": PASSWORD}

    answer = httpx.post(f"{office.address}/login", data=form, headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_session_is_a_cookie_that_no_script_reads_and_no_other_site_sends(office: Office) -> None:
    answer = httpx.post(f"{office.address}/login", data={"name": "looker", "password": PASSWORD, "to": "//evil"})

    cookie = answer.headers["set-cookie"]
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie


def test_a_page_runs_no_script_but_those_of_its_own_answer(office: Office) -> None:
    with httpx.Client(base_url=office.address) as client:
        client.post("/login", data={"name": "looker", "password": PASSWORD})
        first, second = client.get("/"), client.get("/")

    policy = dict(part.partition(" ")[::2] for part in first.headers["content-security-policy"].split("; "))
    [nonce] = re.findall(r"'nonce-([^']+)'", policy["script-src"])
    assert "'unsafe-inline'" not in policy["script-src"]
    assert (policy["default-src"], policy["frame-ancestors"], policy["form-action"]) == ("'none'", "'none'", "'self'")
    assert first.text.count("<script") == first.text.count(f'<script nonce="{nonce}"') > 0
    assert nonce not in second.headers["content-security-policy"]
    assert first.headers["x-content-type-options"] == "nosniff"


def test_where_there_is_no_page_that_is_said_in_the_visitors_language(office: Office) -> None:
    with httpx.Client(base_url=office.address) as client:
        client.post("/login", data={"name": "looker", "password": PASSWORD})
        answers = [client.get("/nowhere", headers={"Accept-Language": language}) for language in ("zh", "en")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "没有这个页面" in answers[0].text
    assert "There is no such page" in answers[1].text
    assert "<script" not in answers[0].text


def test_a_log_out_ends_the_session_for_good(office: Office) -> None:
    with httpx.Client(base_url=office.address) as client:
        client.post("/login", data={"name": "looker", "password": PASSWORD})
        stolen = dict(client.cookies)
        assert client.get("/").status_code == 200

        client.post("/logout")

    assert httpx.get(f"{office.address}/", cookies=stolen).status_code == 303
