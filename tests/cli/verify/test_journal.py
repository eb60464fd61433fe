"""The journal is plain-text accounting as hledger reads it; a small reader of that grammar adds up to the ledger."""

import re
import subprocess
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.errors import CommandError
from cli.verify.findings import Findings
from cli.verify.journal import bear_witness, has_witness, journal, read_balances
from cli.verify.ledger import Ledger
from tests.cli.verify.histories import told
from tests.evaluation.builders import Happening, declared, paid, received, reversed_

NAMES = st.text("ABCZabcz019._-", min_size=1, max_size=64)
TRANSACTION = re.compile(r"(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2}) (?P<words>[^;|\n]+)")
# An account ends at two spaces; of two postings one may leave its amount out, and takes what balances the other.
POSTING = re.compile(r"    (?P<account>[^ \n]+(?: [^ \n]+)*)(?:  (?P<amount>-?[0-9]+\.[0-9]{2}) CNY)?")


def balances(text: str) -> dict[str, Decimal]:
    """Reads a journal as its grammar says, and adds it up."""
    head, *blocks = text.rstrip("\n").split("\n\n")
    assert head == "commodity 1000.00 CNY"
    found: dict[str, Decimal] = defaultdict(Decimal)
    for block in blocks:
        first, *lines = block.split("\n")
        transaction = TRANSACTION.fullmatch(first)
        assert transaction is not None, first
        date.fromisoformat(transaction["day"])
        postings = [POSTING.fullmatch(line) for line in lines]
        assert all(postings), block
        known = {p["account"]: Decimal(p["amount"]) for p in postings if p is not None and p["amount"]}
        [rest] = [p["account"] for p in postings if p is not None and not p["amount"]]
        for account, amount in [*known.items(), (rest, -sum(known.values()))]:
            found[account] += amount
    return found


def a_ledger(story: list[Happening]) -> Ledger:
    ledger = Ledger(Findings())
    for event in told(story):
        ledger.take(event)
    return ledger


@st.composite
def stories(draw: st.DrawFn) -> list[Happening]:
    story: list[Happening] = [declared("9999.00"), received("9999.00")]
    for name in draw(st.lists(NAMES, unique=True, max_size=5)):
        amount = draw(st.integers(1, 99_999).map(lambda fen: f"{fen // 100}.{fen % 100:02d}"))
        story.append(paid(amount, payment=name))
        if draw(st.booleans()):
            story.append(reversed_(amount, "12-31 23:30", payment=name))
    return story


@settings(max_examples=100, deadline=None)
@given(story=stories())
def test_a_stranger_who_reads_the_journal_adds_up_to_the_ledger(story: list[Happening]) -> None:
    ledger = a_ledger(story)

    found = balances("".join(journal(ledger)))

    expected = {f"spent:{project}:{line}": amount for project, line, amount in ledger.totals()}
    assert {account: amount for account, amount in found.items() if amount and account.startswith("spent:")} == expected
    assert sum(found.values()) == 0


def test_a_reversal_is_dated_where_the_project_is() -> None:
    text = "".join(
        journal(a_ledger([declared("9.00"), received("9.00"), paid("1.00"), reversed_("1.00", "12-31 23:30")]))
    )

    assert re.findall(TRANSACTION, text) == [("2018-03-01", "payment z"), ("2018-12-31", "reversal z")]


@pytest.mark.parametrize("balance", ["60000.00 CNY", "CNY 60000.00", '"60,000.00 CNY"', "CNY60000.00"])
def test_a_balance_is_read_however_the_amount_is_written(balance: str) -> None:
    assert read_balances(f'"account","balance"\nspent:p:a,{balance}\n') == {"spent:p:a": Decimal(60000)}


def test_a_balance_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(CommandError):
        read_balances('"account","balance"\nspent:p:a,60000 EUR\n')


@pytest.mark.skipif(not has_witness(), reason="hledger is not installed")
def test_hledger_itself_adds_up_to_the_ledger() -> None:
    ledger = a_ledger([declared("99.00"), received("99.00"), paid("60.00"), paid("5.00", payment="y")])
    findings = Findings()

    assert bear_witness(ledger, findings) == 1
    assert findings.kept == []

    ledger.accounts["p"].lines["a"].paid += Decimal("0.01")
    bear_witness(ledger, findings)
    assert [each.code for each in findings.kept] == ["witness-differs"]


@pytest.mark.skipif(not has_witness(), reason="hledger is not installed")
def test_hledger_finds_the_journal_well_formed(tmp_path: Path) -> None:
    path = tmp_path / "payments.journal"
    path.write_text("".join(journal(a_ledger([declared("9.00"), received("9.00"), paid("1.00")]))))

    subprocess.run(["hledger", "-f", str(path), "check"], check=True, capture_output=True)
