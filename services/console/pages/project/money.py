"""The money of a project: budget lines with limit, paid and remaining, contracts and how far they are accepted."""

import asyncio
from typing import Any

from services.console.board import Standing
from services.console.components import Ledger
from services.console.frame import Refresh, Scene, section
from services.console.sources import Refused
from services.console.words import Words


async def show_budget(scene: Scene, standing: Standing) -> Refresh | None:
    """The budget lines; None where the visitor may not see them."""
    words = scene.words
    if not scene.visitor.may("budget:read"):
        return None
    columns: list[dict[str, Any]] = [
        {"key": "name", "label": words("budget.line")},
        {"key": "limit", "label": words("budget.limit"), "number": True},
        {"key": "paid", "label": words("budget.paid"), "number": True},
        {"key": "remaining", "label": words("budget.remaining"), "number": True},
        {"key": "rate", "label": words("budget.rate")},
    ]
    with section(words("budget.title"), classes="half"):
        table = Ledger(columns, [], words("budget.title"), words("budget.none"))

    async def refresh() -> None:
        try:
            found = await scene.get("budget", f"/projects/{standing.project}/budget")
        except Refused:
            return
        totals = found["totals"] | {"line": "", "name": words("budget.total")}
        table.give(rows=budget_rows([*found["lines"], totals], words))

    await refresh()
    return refresh


def budget_rows(lines: list[dict[str, Any]], words: Words) -> list[dict[str, Any]]:
    """Budget lines as rows, all amounts in one unit."""
    figures = ("adjusted", "paid", "remaining", "initial")
    amounts = iter(words.amounts([line[figure] for line in lines for figure in figures]))
    rows = []
    for line in lines:
        limit, paid, remaining, initial = (next(amounts) for _ in figures)
        if line["initial"] != line["adjusted"]:
            limit += f" ({words('budget.initially', amount=initial)})"
        rate = float(line["execution_rate"])
        rows.append(
            {
                "id": line["line"],
                "name": line["name"],
                "limit": limit,
                "paid": paid,
                "remaining": remaining,
                "rate": {"text": words.percent(rate), "bar": round(rate * 100, 1)},
                "tone": "" if line["line"] else "total",
            }
        )
    return rows


async def show_contracts(scene: Scene, standing: Standing) -> Refresh | None:
    """The contracts; None where the visitor may not see them."""
    words = scene.words
    if not scene.visitor.may("procurement:read"):
        return None
    columns: list[dict[str, Any]] = [
        {"key": "contract", "label": words("contract.contract")},
        {"key": "supplier", "label": words("contract.supplier")},
        {"key": "amount", "label": words("contract.amount"), "number": True},
        {"key": "term", "label": words("contract.term")},
        {"key": "accepted", "label": words("contract.acceptance")},
    ]
    with section(words("contract.title"), classes="half"):
        table = Ledger(columns, [], words("contract.title"), words("contract.none"))
    names: dict[str, str] = {}

    async def refresh() -> None:
        try:
            found = await scene.every("procurement", "/contracts", project=standing.project)
        except Refused:
            return
        new = {contract["supplier"] for contract in found} - names.keys()
        names.update(await asyncio.gather(*(_supplier(scene, supplier) for supplier in sorted(new))))
        table.give(rows=contract_rows(found, names, words))

    await refresh()
    return refresh


async def _supplier(scene: Scene, supplier: str) -> tuple[str, str]:
    try:
        return supplier, str((await scene.get("procurement", f"/suppliers/{supplier}"))["name"])
    except Refused:
        return supplier, supplier


def contract_rows(contracts: list[dict[str, Any]], names: dict[str, str], words: Words) -> list[dict[str, Any]]:
    """Contracts as rows; *names* are those of the suppliers."""
    amounts = words.amounts([contract["amount"] for contract in contracts])
    return [
        {
            "id": contract["contract"],
            "contract": contract["contract"],
            "supplier": names.get(contract["supplier"], contract["supplier"]),
            "amount": amount,
            "term": f"{words.day(contract['starts_on'])} – {words.day(contract['ends_on'])}",
            "accepted": _accepted(contract, words),
        }
        for contract, amount in zip(contracts, amounts, strict=True)
    ]


def _accepted(contract: dict[str, Any], words: Words) -> dict[str, str]:
    acceptances = contract.get("acceptances") or []
    last = acceptances[-1] if acceptances else None
    if contract.get("terminated_on"):
        return {"text": f"■ {words('contract.terminated', day=words.day(contract['terminated_on']))}"}
    if last is None:
        return {"text": f"… {words('contract.not_yet')}"}
    if last["conclusion"] == "passed":
        return {"text": f"✓ {words('contract.passed', day=words.day(last['accepted_on']))}", "tone": "good"}
    return {"text": f"✗ {words('contract.failed', day=words.day(last['accepted_on']))}", "tone": "bad"}
