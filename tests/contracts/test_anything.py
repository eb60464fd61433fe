"""Whatever is sent to whichever call: an answer as OpenAPI promises it, never a fault of the service."""

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.support import NOBODY, SOURCES, Issuer, Running, problem_of, running

pytestmark = pytest.mark.filterwarnings("ignore")  # What the generator's own libraries deprecate is no fault of ours.

OTHERS = ("procurement", "monitoring", "evaluation")  # Budget's own tests do this with a project in place.
EXAMPLES = settings(
    max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None
)


@pytest.fixture(scope="module", params=OTHERS)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    issuer = Issuer(folder / "keys")
    (issuer.folder / "evaluation.mac").write_text("ee" * 32)
    environment = {
        "PORT": "1",
        "DATABASE_URL": f"sqlite:///{folder}/service.db",
        "REDIS_URL": f"redis://{NOBODY}",
        "KEYS_DIR": str(issuer.folder),
        "REQUESTS_BURST": "1000000",
    } | {f"{source.upper()}_URL": f"http://{NOBODY}" for source in SOURCES}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(f"SCOREBUS_{name}", value)
        sys.modules.pop(f"services.{request.param}.app", None)
        app = importlib.import_module(f"services.{request.param}.app").app
    with running(app, issuer) as started:
        yield started


def operations(app: Any) -> list[tuple[str, str]]:
    """Every call but the open ended ones."""
    paths = app.openapi()["paths"]
    return [(path, method) for path, calls in paths.items() for method in calls if not path.endswith("/stream")]


def send(service: Running, case: Any) -> Any:
    words = case.as_transport_kwargs(base_url="http://service")
    headers = {"Authorization": service.issuer.bearer("admin")}
    content = json.dumps(words["json"]).encode() if "json" in words else words.get("data")
    if content:
        headers["Content-Type"] = "application/json"
    query = {name: value for name, value in (words.get("params") or {}).items() if value is not None}
    if case.path == "/events":
        query["timeout"] = 0  # Nobody wants to wait for a long poll here.

    async def work() -> Any:
        return await service.client.request(
            words["method"], words["url"], params=query, content=content or None, headers=headers
        )

    return service.run(work)


@pytest.mark.parametrize("mode", list(schemathesis.GenerationMode), ids=lambda mode: mode.name.lower())
def test_anything_made_from_the_openapi_document_is_answered_as_it_promises(service: Running, mode: Any) -> None:
    schema = schemathesis.openapi.from_dict(service.app.openapi())
    for path, method in operations(service.app):

        @EXAMPLES
        @given(case=schema[path][method].as_strategy(generation_mode=mode))
        def check(case: Any) -> None:
            answer = send(service, case)

            fault_is_ours = answer.status_code >= 500 and problem_of(answer)[1] != "not-ready"
            assert not fault_is_ours, (case.method, case.path, answer.text)
            assert answer.is_success or problem_of(answer)

        try:
            check()
        except schemathesis.errors.LoaderError:
            pytest.fail(f"{method} {path} cannot be generated")
        except Exception as error:
            if "Unsatisfiable" in type(error).__name__:  # Nothing can be wrong with a call that takes nothing.
                continue
            raise


PLAN: dict[str, Any] = {
    "project": "p",
    "title": "t",
    "fiscal_year": 2018,
    "from": "2018-01-01",
    "to": "2018-12-31",
    "policy": "mof-2020",
    "objective": "o",
    "execution": {"weight": "10"},
    "indicators": [
        {
            "code": "1",
            "dimension": "output",
            "aspect": "quality",
            "name": "n",
            "unit": "%",
            "target": {"op": "between", "value": ["1", "2"]},
            "weight": "90",
            "measure": "fault_rate",
            "with": {"asset": "a"},
        }
    ],
}
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place, *(found for key, each in inner for found in places(each, (*place, key)))]


def replaced(value: Any, place: tuple[Any, ...], other: Any) -> Any:
    if not place:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[place[0]] = replaced(copy[place[0]], place[1:], other)
    return copy


@pytest.mark.parametrize("service", ["evaluation"], indirect=True)
def test_a_plan_with_anything_anywhere_is_adopted_or_refused_by_field(service: Running) -> None:
    @settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(place=st.sampled_from(places(PLAN)), other=junk)
    def check(place: tuple[Any, ...], other: Any) -> None:
        content = json.dumps(replaced(PLAN, place, other)).encode()
        answer = service.send("PUT", "/projects/p/plan", content=content)

        if not answer.is_success:
            status, slug = problem_of(answer)
            assert (status, slug) in {(422, "validation"), (400, "malformed")}, answer.text

    check()
