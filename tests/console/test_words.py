"""Nothing on a page is untranslated: both languages say the same things, and no page says anything by itself."""

import ast
import re
import string
import tomllib
from pathlib import Path

import pytest

from services.console.desk.forms import FORMS
from services.console.desk.menu import TASKS
from services.console.words import LANGUAGES, Words, preferred, texts
from shared.roles import ROLES

CONSOLE = Path(__file__).parents[2] / "services" / "console"
SOURCES = sorted(CONSOLE.rglob("*.py"))
COMPONENTS = sorted((CONSOLE / "components").glob("*.js"))
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMED = re.compile(r"words\(\s*\"([a-z_.\-]+)\"|way\.[a-z]+|\"(way\.[a-z]+)\"")
SHOWING = {"label", "button", "input", "select", "checkbox", "notify", "heading", "set_text", "textarea"}


def shows(function: ast.expr) -> str:
    """The last part of the name of what is called, where it may show something."""
    if isinstance(function, ast.Attribute):
        holder = function.value
        is_form = str(getattr(holder, "attr", getattr(holder, "id", ""))).endswith("sheet")
        return "" if is_form else function.attr
    return getattr(function, "id", "")


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_both_languages_have_the_same_texts() -> None:
    assert set(texts("zh")) == set(texts("en"))


@pytest.mark.parametrize("name", sorted(texts("zh")))
def test_a_text_is_filled_in_with_the_same_figures_in_both_languages(name: str) -> None:
    zh, en = texts("zh")[name], texts("en")[name]

    assert zh.strip()
    assert en.strip()
    assert placeholders(zh) == placeholders(en)


def test_english_is_english_and_chinese_is_chinese() -> None:
    same = {"language.zh", "language.en", "arithmetic.hash"}

    assert not [name for name, text in texts("en").items() if CHINESE.search(text) and name not in same]
    assert not [
        name
        for name, text in texts("zh").items()
        if not CHINESE.search(text) and re.search("[A-Za-z]{3}", text) and name not in same
    ]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CONSOLE)))
def test_every_text_that_a_page_names_exists(path: Path) -> None:
    named = {first or second for first, second in NAMED.findall(path.read_text(encoding="utf-8")) if first or second}

    assert named <= set(texts("zh"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(CONSOLE)))
def test_a_page_says_nothing_by_itself(path: Path) -> None:
    said = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = shows(node.func)
            shown = [*node.args[:1], *(word.value for word in node.keywords if word.arg in {"label", "placeholder"})]
            said += [
                value.value
                for value in shown
                if name in SHOWING
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and re.search(r"[A-Za-z\u4e00-\u9fff]{2}", value.value)
            ]

    assert set(said) <= {"Scorebus"}


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.name)
def test_a_component_has_no_text_and_reads_nothing_as_html(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    template = re.search(r"template: `(.*?)`,\n", source, re.DOTALL)
    assert template is not None
    between = re.sub(r"\{\{.*?\}\}", "", re.sub(r"<(?:\"[^\"]*\"|[^>\"])*>", " ", template.group(1)))

    assert not re.search(r"[A-Za-z\u4e00-\u9fff]{2}", between), between
    assert "v-html" not in source
    assert "innerHTML" not in source


def test_every_field_and_choice_of_the_desk_has_a_name() -> None:
    known = set(texts("zh"))
    wanted = {f"task.{task.name}" for task in TASKS} | {f"group.{task.group}" for task in TASKS}
    for form in FORMS.values():
        for field in form.fields:
            for each in (field, *field.rows):
                wanted.add(f"field.{each.label or each.name}")
                wanted |= {f"{each.words}.{option}" for option in each.options}

    assert wanted <= known


def test_every_task_is_open_to_some_role() -> None:
    allowed = {scope for scopes in ROLES.values() for scope in scopes}

    assert all(set(task.scopes) <= allowed for task in TASKS)


def test_every_refusal_of_a_service_is_told_in_both_languages() -> None:
    root = CONSOLE.parent.parent
    sources = [*(root / "services").rglob("*.py"), *(root / "shared").rglob("*.py")]
    slugs = {
        slug
        for path in sources
        if CONSOLE not in path.parents
        for slug in re.findall(r"slug, title(?:, status)? = \"([a-z-]+)\"", path.read_text(encoding="utf-8"))
    }
    machines = {"diverged", "archived", "malformed", "not-ready", "unsupported-media-type", "rebuild-running"}
    machines |= {"idempotency-key-malformed", "idempotency-key-missing", "unknown-policy", "forbidden"}

    assert len(slugs) > 30
    assert not sorted(slug for slug in slugs - machines if f"problem.{slug}" not in texts("zh"))


@pytest.mark.parametrize(
    ("yuan", "zh", "en"),
    [
        ("60000.00", "6 万元", "¥60,000.00"),
        ("138125.00", "13.8125 万元", "¥138,125.00"),
        ("6000.00", "6,000.00 元", "¥6,000.00"),
        ("0.00", "0.00 元", "¥0.00"),
        ("-20000.00", "−2 万元", "−¥20,000.00"),
        ("123456789.01", "12,345.678901 万元", "¥123,456,789.01"),
    ],
)
def test_an_amount_is_written_as_the_language_writes_it(yuan: str, zh: str, en: str) -> None:
    assert (Words("zh").money(yuan), Words("en").money(yuan)) == (zh, en)


def test_a_date_and_a_moment_are_written_as_the_language_writes_them() -> None:
    assert (Words("zh").day("2018-12-10"), Words("en").day("2018-12-10")) == ("2018年12月10日", "10 Dec 2018")
    assert Words("zh").moment("2018-12-31T17:30:00Z") == "2019年1月1日 01:30"


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("en-US,en;q=0.9", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("fr,en;q=0.5", "en"), ("", "zh"), ("fr", "zh")],
)
def test_a_browser_is_spoken_to_in_its_language(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


def test_the_texts_are_files_of_one_level() -> None:
    for language in LANGUAGES:
        found = tomllib.loads((CONSOLE / "words" / f"{language}.toml").read_text(encoding="utf-8"))

        assert all(isinstance(text, str) for section in found.values() for text in section.values())
