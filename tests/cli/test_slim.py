"""The image's libraries are cut; what is left must load, and do what it did."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import uvloop

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("slim", ROOT / "deploy" / "slim.py")
assert _spec is not None
assert _spec.loader is not None
slim = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(slim)

USE = "import asyncio, sys, uvloop; assert uvloop.__file__.startswith(sys.argv[1]); uvloop.run(asyncio.sleep(0))"


def test_a_library_without_its_symbols_is_smaller_and_works(tmp_path: Path) -> None:
    shutil.copytree(Path(uvloop.__file__).parent, tmp_path / "uvloop")
    [library] = (tmp_path / "uvloop").glob("loop.*.so")
    before = library.stat()

    saved = slim.slim(library)

    after = library.stat()
    assert saved > before.st_size / 2
    assert (after.st_size, after.st_mode) == (before.st_size - saved, before.st_mode)
    subprocess.run([sys.executable, "-c", USE, str(tmp_path)], env={"PYTHONPATH": str(tmp_path)}, check=True)


def test_a_library_that_was_cut_is_not_cut_again(tmp_path: Path) -> None:
    [library] = Path(uvloop.__file__).parent.glob("loop.*.so")
    copy = Path(shutil.copy(library, tmp_path))
    slim.slim(copy)
    once = copy.read_bytes()

    assert slim.slim(copy) == 0
    assert copy.read_bytes() == once


def test_what_is_no_library_stays_as_it_is(tmp_path: Path) -> None:
    for name, content in (("script.so", b"INPUT(-lm)\n"), ("short.so", b"\x7fELF\x02\x01"), ("empty.so", b"")):
        (tmp_path / name).write_bytes(content)

        assert slim.slim(tmp_path / name) == 0
        assert (tmp_path / name).read_bytes() == content
