"""Where the crash tests keep their databases, and what of them outlives a visit."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.proof.parts import kept_engines
from tests.proof.run import MEMORY


@pytest.fixture(scope="module", autouse=True)
def engines() -> Iterator[None]:
    """What was compiled for the databases is kept, and is there in a child when it is forked."""
    with kept_engines():
        yield


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder in memory, where there is one: a sync is struck all the same, and one that is not costs nothing."""
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)
