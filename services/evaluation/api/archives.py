"""The archive of a project (资料归档): everything that its score rests on, in one file that can be verified alone."""

import asyncio
import os
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import IO, Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from services.evaluation import handlers
from services.evaluation.api import reports
from services.evaluation.api.files import CHUNK_BYTES, named, sent
from services.evaluation.api.forms import KINDS, LAYOUT_DEFAULT, Reader, layout_of, show_form
from services.evaluation.archive import README, WORDS, Archive
from services.evaluation.handlers import Gathered
from services.evaluation.parts import Parts
from services.evaluation.rules.forms.grid import draw
from services.evaluation.rules.forms.layout import Language
from services.evaluation.vault import Vault
from shared.fields import Id
from shared.problems import Unavailable

AT_ONCE: Final = 2  # Archives that are made at the same time: each holds a reader of the database and a file on disk.
MEDIA_TYPE: Final = "application/zip"


def add(routes: APIRouter, parts: Parts) -> None:
    """Add the call to *routes*."""
    turns = asyncio.Semaphore(AT_ONCE)
    service = parts.service

    @routes.get("/projects/{project}/archive.zip", tags=["forms"], response_class=Response)
    async def archive(
        project: Id,
        caller: Reader,
        layout: Annotated[str, Query(max_length=64)] = LAYOUT_DEFAULT,
        lang: Annotated[Language, Query(description="zh or en: of the form.")] = "zh",
    ) -> StreamingResponse:
        """
        Form, report, sealed form, score, plan, policy, narrative, documents and events, all hashed in a manifest.

        `scorebus verify FILE` checks it without any service.
        """
        caller.require_project(project)
        shape = layout_of(parts, layout)
        async with turns:
            now = service.clock.now()
            file = await asyncio.to_thread(parts.vault.scratch)
            made = Archive(file, now)
            try:
                gathered = await service.database.read(
                    lambda session: handlers.gather(session, made, project, parts.policies, shape, lang, now=now)
                )
                size = await asyncio.to_thread(_finish, made, gathered, parts.vault, file)
            except BaseException as error:
                made.abandon()
                file.close()
                if isinstance(error, OSError):
                    raise Unavailable("the archive cannot be written: the disk took no more", retry_after=60) from error
                raise
        return sent(file, size, MEDIA_TYPE, named(f"{project}-{now:%Y-%m-%d}.zip", f"{project}.zip"))


def _finish(archive: Archive, gathered: Gathered, vault: Vault, file: IO[bytes]) -> int:
    """Add what is made of what was gathered; returns the size of the whole."""
    facts = gathered.facts
    _add_papers(archive, gathered)
    _add_documents(archive, gathered.documents, vault)
    archive.add(README, WORDS.format(**facts).encode())
    archive.finish(facts | {"program": version("scorebus")})
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size


def _add_papers(archive: Archive, gathered: Gathered) -> None:
    """The papers that are made anew for each archive."""
    form, report = gathered.form, gathered.report
    archive.add("form.json", msgspec.json.encode(show_form(form, gathered.facts["project"])))
    grid = draw(form)
    made: dict[str, Callable[[], bytes]] = {
        f"form.{name}": partial(kind.make, grid, form.title) for name, kind in KINDS.items()
    }
    made |= {f"report.{name}": partial(make, report) for name, (make, _) in reports.KINDS.items()}
    for name, make in made.items():
        try:
            archive.add(name, make())
        except Unavailable as refusal:  # No font to print with: all the rest is still worth keeping.
            archive.leave_out(name, refusal.detail)


def _add_documents(archive: Archive, documents: list[dict[str, Any]], vault: Vault) -> None:
    listed = []
    for document in documents:
        sha256, name = document["sha256"], f"documents/{document['sha256'][:12]}-{document['name']}"
        if archive.add_pieces(name, _pieces(vault.find(sha256)), is_packed=True) != sha256:
            raise Unavailable(f"the file of the document {sha256} is not what was kept: it is damaged", sha256=sha256)
        listed.append(document | {"member": name})
    archive.add("documents.json", msgspec.json.encode(listed))


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(CHUNK_BYTES):
            yield piece
