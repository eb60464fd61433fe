"""``scorebus verify``."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from cli.client import connect
from cli.errors import CommandError
from cli.folder import SERVICES
from cli.options import DATA_DEFAULT, Data, Json, Token, Url
from cli.verify.archived import verify_archive
from cli.verify.journal import bear_witness, has_witness, write_journal
from cli.verify.report import facts_of, facts_of_archive, show, show_archive
from cli.verify.scores import PATIENCE_SECONDS
from cli.verify.tips import read_tips
from cli.verify.verifying import Verdict, verify
from cli.voice import print_json

NO_WITNESS = "hledger 未安装,未作旁证 · hledger is not installed: no witness was heard"


def verify_command(
    archive: Annotated[
        Path | None,
        typer.Argument(help="An archive of a project: verified by itself, without any service.", show_default=False),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help=f"Only this log: one of {', '.join(SERVICES)}. Scores need all.")
    ] = None,
    against: Annotated[
        str | None,
        typer.Option("--against", help="A tip written down before, or a file of tips: nothing before it has changed."),
    ] = None,
    tips: Annotated[
        bool, typer.Option("--tips", help="Print the tips of the logs, to be kept, if all is true.")
    ] = False,
    hledger: Annotated[bool, typer.Option("--hledger", help="Let hledger add the payments up, too.")] = False,
    journal: Annotated[Path | None, typer.Option("--journal", help="Write the payments as a journal here.")] = None,
    patience: Annotated[
        float, typer.Option("--patience", min=0, help="Seconds for scores that do not agree to come level.")
    ] = PATIENCE_SECONDS,
    data: Data = DATA_DEFAULT,
    url: Url = None,
    token: Token = None,
    as_json: Json = False,
) -> None:
    """
    Read the feeds alone, recompute chains, ledgers and scores, and compare with what the services answer.

    Exits 0 if all is true, 1 if something differs, 2 if something could not be read or judged. Needs an auditor's
    token. A live platform may go on working meanwhile. With an ARCHIVE, all of that for one project out of its file.
    """
    if archive is not None:
        if source or against or tips or hledger or journal or url or token:
            raise typer.BadParameter("an archive is verified by itself: of the options only --json goes with it")
        raise typer.Exit(_archive(archive, as_json=as_json))
    try:
        _check(source)
        known = read_tips(against) if against is not None else []
        with connect(data, url, token) as platform:
            verdict = verify(platform, source=source, against=known, patience_seconds=patience)
        notes = _witness(verdict, hledger=hledger, journal=journal)
    except CommandError as error:
        print(f"scorebus: {error}", file=sys.stderr)
        raise typer.Exit(2) from error
    if as_json:
        print_json(facts_of(verdict) | {"notes": notes})
    elif tips and verdict.exit_code == 0:
        print("\n".join(map(str, verdict.tips)))
    else:
        show(verdict, notes)
    raise typer.Exit(verdict.exit_code)


def _archive(path: Path, *, as_json: bool) -> int:
    try:
        verdict = verify_archive(path)
    except CommandError as error:
        print(f"scorebus: {error}", file=sys.stderr)
        return 2
    if as_json:
        print_json(facts_of_archive(verdict))
    else:
        show_archive(verdict)
    return verdict.exit_code


def _check(source: str | None) -> None:
    if source is not None and source not in SERVICES:
        raise CommandError(f"--source {source}: there are {', '.join(SERVICES)}")


def _witness(verdict: Verdict, *, hledger: bool, journal: Path | None) -> list[str]:
    notes: list[str] = []
    ledger = verdict.history.ledger
    if journal is not None:
        write_journal(ledger, journal)
        notes.append(f"{journal}: {len(ledger.payments):,} 笔支付 payments")
    if hledger and has_witness():
        verdict.checked["witnessed"] = bear_witness(ledger, verdict.findings)
    elif hledger:
        notes.append(NO_WITNESS)
    return notes
