"""A verdict, for people and for machines."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from cli.verify.archived import ArchiveVerdict
from cli.verify.findings import Finding, Severity
from cli.verify.verifying import Verdict
from cli.verify.wording import CHECKED, OUTCOMES, SEVERITIES, meaning

HASH_SHOWN = 12
STYLES = {"true": "bold green", "difference": "bold red", "unverified": "bold yellow"}


def facts_of_archive(verdict: ArchiveVerdict) -> dict[str, Any]:
    """The verdict on an archive as JSON."""
    return verdict.facts() | {"findings": [_finding(each) for each in verdict.findings.kept]}


def show_archive(verdict: ArchiveVerdict) -> None:
    """Print the verdict on an archive for people: a line for each thing that differs."""
    console = Console(highlight=False, soft_wrap=True)
    about = verdict.manifest
    console.print(Text(f"归档 · archive: {about.project}, {about.as_of}, 版本 version {about.version}"))
    console.print(Text(f"已核对 · checked: {_checked(verdict.checked)}"))
    for severity in Severity:
        for each in verdict.findings.kept:
            if each.severity == severity:
                console.print(Text(_one_line(each)))
    if (more := sum(verdict.findings.counts.values()) - len(verdict.findings.kept)) > 0:
        console.print(Text(f"另有 · and {more:,} more of these kinds"))
    words = OUTCOMES[verdict.outcome]
    console.print(Text(f"{words.zh} · {words.en} ({verdict.seconds:.1f} s)", style=STYLES[verdict.outcome]))


def _one_line(finding: Finding) -> str:
    words, weight = meaning(finding.code), SEVERITIES[finding.severity]
    # What was found came out of a stranger's file: nothing in it may end the line, or speak to the terminal.
    text = (
        f"{finding.where}: {weight.zh} {weight.en}, {words.zh} · {words.en} ({finding.code}): "
        f"应为 expected {finding.expected}, 实为 found {finding.found}"
    )
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def facts_of(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON."""
    findings = verdict.findings
    return {
        "outcome": verdict.outcome,
        "known_at": verdict.known_at.isoformat(),
        "seconds": round(verdict.seconds, 3),
        "sources": verdict.chains,
        "checked": verdict.checked,
        "tips": [tip.facts() for tip in verdict.tips],
        "against": [tip.facts() for tip in verdict.against],
        "counts": {severity.value: findings.counts[severity] for severity in Severity},
        "codes": findings.by_code(),
        "findings": [_finding(each) for each in findings.kept],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    words = meaning(finding.code)
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "where": finding.where,
        "expected": finding.expected,
        "found": finding.found,
        "message": {"zh": words.zh, "en": words.en},
    }


def show(verdict: Verdict, notes: list[str]) -> None:
    """Print the verdict for people."""
    console = Console(highlight=False)
    console.print(Group(*_parts(verdict)))
    for note in notes:
        console.print(Text(note, style="dim"))
    words = OUTCOMES[verdict.outcome]
    console.print(Text(f"{words.zh} · {words.en} ({verdict.seconds:.1f} s)", style=STYLES[verdict.outcome]))


def _parts(verdict: Verdict) -> Iterator[RenderableType]:
    yield _chains(verdict)
    yield Text(f"已核对 · checked: {_checked(verdict.checked)}\n截至 · as known at {verdict.known_at.isoformat()}")
    if verdict.against:
        yield Text(f"比对末端 · held against {len(verdict.against)} tips written down before")
    if verdict.findings.kept:
        yield _findings(verdict)


def _checked(figures: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {CHECKED[name].zh} {CHECKED[name].en}" for name, number in figures.items())


def _chains(verdict: Verdict) -> Table:
    table = Table("日志 log", "事件 events", "字节 bytes", "末端 tip", "哈希 hash", title="日志链 · chains")
    for chain in verdict.chains:
        table.add_row(
            f"{chain['source']} {chain['partition']}",
            f"{chain['events']:,}",
            f"{chain['bytes']:,}",
            str(chain["seq"]),
            f"{chain['hash'][:HASH_SHOWN]}…",
        )
    return table


def _findings(verdict: Verdict) -> RenderableType:
    """The findings that were kept, the first of each weight on top, in full: whoever must act needs every digit."""
    counts = verdict.findings.counts
    head = ", ".join(f"{counts[s]:,} {SEVERITIES[s].zh} {SEVERITIES[s].en}" for s in Severity if counts[s])
    lines = [Text(f"结果 · found: {head}", style="bold")]
    for severity in Severity:
        lines += [_line(each) for each in verdict.findings.kept if each.severity == severity]
    if (more := sum(counts.values()) - len(verdict.findings.kept)) > 0:
        lines.append(Text(f"另有 · and {more:,} more of these kinds"))
    return Group(*lines)


def _line(finding: Finding) -> Text:
    words, weight = meaning(finding.code), SEVERITIES[finding.severity]
    return Text.from_markup(
        f"[bold]{escape(finding.where)}[/]: {weight.zh} {weight.en}, {words.zh} · {words.en} [dim]({finding.code})[/]\n"
        f"    应为 expected {escape(finding.expected)}\n    实为 found    {escape(finding.found)}"
    )
