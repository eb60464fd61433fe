"""
Payments as a journal of plain-text accounting, for a witness that is no part of this platform.

    2018-12-06 payment z1
        spent:ks-gov-web-2018:broadband  60000.00 CNY
        treasury:ks-gov-web-2018

Every id is of ``A-Za-z0-9._-``, so nothing in it can end an account's name. A reversal is a transaction of its own.
"""

import csv
import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from cli.errors import CommandError
from cli.verify.findings import Findings
from cli.verify.ledger import Ledger

COMMODITY = "CNY"
TIMEOUT_SECONDS = 300
_AMOUNT = re.compile(r"(-?[0-9][0-9.]*)\s*" + COMMODITY + r"|" + COMMODITY + r"\s*(-?[0-9][0-9.]*)")


def journal(ledger: Ledger) -> Iterator[str]:
    """The journal's text, a transaction at a time, by payment in the order of the log."""
    yield f"commodity 1000.00 {COMMODITY}\n\n"
    for name, payment in ledger.payments.items():
        yield _transaction(payment.paid_on, f"payment {name}", payment.project, payment.line, payment.amount)
        if payment.reversed_at is not None and payment.project in ledger.accounts:
            day = ledger.day_of(payment.reversed_at, payment.project)
            yield _transaction(day, f"reversal {name}", payment.project, payment.line, -payment.amount)


def _transaction(day: str, words: str, project: str, line: str, amount: Decimal) -> str:
    return f"{day} {words}\n    spent:{project}:{line}  {amount} {COMMODITY}\n    treasury:{project}\n\n"


def write_journal(ledger: Ledger, path: Path) -> None:
    """
    Write the journal.

    Raises:
        CommandError: If it cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(journal(ledger))
    except OSError as error:
        raise CommandError(f"cannot write {path}: {error.strerror}") from error


def has_witness() -> bool:
    """Whether hledger is installed."""
    return shutil.which("hledger") is not None


def bear_witness(ledger: Ledger, findings: Findings) -> int:
    """
    Let hledger add the payments up, and compare; returns how many totals it gave.

    Raises:
        CommandError: If it fails.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "payments.journal"
        write_journal(ledger, path)
        command = ["hledger", "--file", path.name, "balance", "spent", "--flat", "--no-total", "-O", "csv"]
        # Its newer versions read options from the home or the working folder: nobody's settings change what it says.
        alone = os.environ | {"HOME": folder, "XDG_CONFIG_HOME": folder, "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                command, cwd=folder, env=alone, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CommandError(f"hledger cannot be run: {error}") from error
    if done.returncode != 0:
        raise CommandError(f"hledger failed: {done.stderr.strip()[:500]}")
    witnessed = read_balances(done.stdout)
    expected = {f"spent:{project}:{line}": paid for project, line, paid in ledger.totals()}
    for account in sorted(expected.keys() | witnessed.keys()):
        ours, theirs = expected.get(account, Decimal(0)), witnessed.get(account, Decimal(0))
        if ours != theirs:
            findings.add("witness-differs", f"hledger {account}", expected=ours, found=theirs)
    return len(witnessed)


def read_balances(text: str) -> dict[str, Decimal]:
    """
    The balances of a report in CSV.

    Raises:
        CommandError: If it is none.
    """
    rows = list(csv.reader(io.StringIO(text)))
    found = {}
    for account, balance in rows[1:]:
        match = _AMOUNT.fullmatch(balance.replace(",", "").strip())
        if match is None and balance.strip() != "0":
            raise CommandError(f"hledger gave a balance that cannot be read: {balance[:80]}")
        found[account] = Decimal(0) if match is None else Decimal(match[1] or match[2])
    return found
