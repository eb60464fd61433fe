"""Project files and examples that people write, with the mistakes they make."""

from pathlib import Path

import pytest

from cli.errors import CommandError
from cli.example import read_example
from cli.project_file import read_project_file

PROJECT = """
[project]
id = "p-1"
name = "P"
starts_on = 2026-01-01
assumed = ["name"]
[[project.lines]]
line = "books"
amount = 60000.10
"""
EVENT = """
[[event]]
id = "first"
at = 2026-02-01
role = "finance"
call = "POST budget /payments"
[event.body]
amount = 4500.50
"""


def an_example(folder: Path, events: str, project: str = PROJECT) -> str:
    (folder / "project.toml").write_text(project)
    (folder / "events.toml").write_text(events)
    return str(folder)


def test_dates_and_amounts_are_sent_as_they_are_written(tmp_path: Path) -> None:
    example = read_example(an_example(tmp_path, EVENT))

    (declaration,) = example.project_file.calls()
    assert declaration.path == "/projects/p-1"
    assert declaration.body == {
        "name": "P",
        "starts_on": "2026-01-01",
        "lines": [{"line": "books", "amount": "60000.10"}],
    }
    assert example.events[0].call.body == {"amount": "4500.50"}


def test_budget_comes_first_and_the_plan_last(tmp_path: Path) -> None:
    more = (
        '[plan]\ntitle = "T"\n[[assets]]\nasset = "a"\nname = "A"\nkind = "ups"\n'
        '[[suppliers]]\nsupplier = "s"\nname = "S"\n'
    )
    (tmp_path / "project.toml").write_text(PROJECT + more)

    calls = list(read_project_file(tmp_path / "project.toml").calls())

    assert [(call.service, call.path, call.role) for call in calls] == [
        ("budget", "/projects/p-1", "planner"),
        ("procurement", "/suppliers/s", "buyer"),
        ("monitoring", "/assets/a", "agent"),
        ("evaluation", "/projects/p-1/plan", "planner"),
    ]
    assert calls[2].body == {"project": "p-1", "name": "A", "kind": "ups"}


@pytest.mark.parametrize(
    ("project", "told"),
    [
        ("[project]\nname = 'x'\n", "with an id is missing"),
        ("[projekt]\nid = 'x'\n", "unknown part projekt"),
        ("[project\n", "project.toml: "),
        (PROJECT + "[[suppliers]]\nname = 'S'\n", "needs supplier"),
    ],
)
def test_a_faulty_project_file_is_told_with_its_name(tmp_path: Path, project: str, told: str) -> None:
    path = tmp_path / "project.toml"
    path.write_text(project)

    with pytest.raises(CommandError, match=told):
        read_project_file(path)


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('id = "first"', 'id = "First one"', "event 1 needs an id"),
        ("at = 2026-02-01", 'at = "soon"', "event first: needs at"),
        ("at = 2026-02-01", "at = 2026-02-01T10:00:00", "needs its offset"),
        ('role = "finance"', 'role = "king"', "event first: needs a role"),
        ("POST budget", "POST treasury", "event first: needs a call"),
        ("/payments", "/payments/{second.payment}", "refers to second, which does not come before it"),
    ],
)
def test_a_faulty_event_is_told_with_its_name(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in EVENT

    with pytest.raises(CommandError, match=told):
        read_example(an_example(tmp_path, EVENT.replace(before, after)))


def test_two_events_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="two events are called first"):
        read_example(an_example(tmp_path, EVENT + EVENT))


def test_an_example_that_is_not_there_is_told() -> None:
    with pytest.raises(CommandError, match="there is no example nowhere"):
        read_example("nowhere")
