"""The roles that people and programs have, and the scopes of each."""

from collections.abc import Mapping
from typing import Final

READS: Final = frozenset(
    f"{owner}:read" for owner in ("budget", "procurement", "monitoring", "scores", "forms", "events", "audit")
)
_WRITES: Final = frozenset(
    {
        "projects:write",
        "plans:write",
        "payments:post",
        "payments:request",
        "payments:approve",
        "payments:pay",
        "receipts:write",
        "contracts:write",
        "acceptances:write",
        "inspections:write",
        "faults:write",
        "readings:write",
        "feedback:write",
        "ratings:write",
        "operations:write",
    }
)
ROLES: Final[Mapping[str, frozenset[str]]] = {
    "planner": frozenset({"projects:write", "plans:write"}) | READS - {"events:read", "audit:read"},
    "finance": frozenset({"payments:post", "payments:request", "receipts:write", "budget:read"}),
    "approver": frozenset({"payments:approve", "budget:read"}),
    "cashier": frozenset({"payments:pay", "budget:read"}),
    "buyer": frozenset({"contracts:write", "procurement:read"}),
    "inspector": frozenset({"acceptances:write", "inspections:write", "procurement:read", "monitoring:read"}),
    "agent": frozenset({"faults:write", "readings:write"}),
    "feedback": frozenset({"feedback:write"}),
    "assessor": frozenset({"ratings:write", "scores:read"}),
    "viewer": frozenset({"scores:read"}),
    "auditor": READS,
    "operator": frozenset({"operations:write"}) | READS,
    "service": frozenset({"events:read"}),
    "admin": READS | _WRITES,
}
