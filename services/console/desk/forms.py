"""What can be done at the desk: one form a call, its fields in the order in which people fill them in."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal[
    "id", "text", "long", "amount", "number", "count", "day", "moment", "yes", "choice", "people",
    "project", "budgeted", "line", "contract", "supplier", "asset", "fault", "indicator", "complaint", "rows",
]  # fmt: skip


THIS_YEAR: Final = "this year"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing that a form asks. Its label is the text ``field.<label or name>``."""

    name: str  # As in the body; a dot leads into a member.
    kind: Kind = "text"
    label: str = ""
    is_required: bool = True
    options: tuple[str, ...] = ()  # Of a choice; named by the texts of the section *words*.
    words: str = ""
    value: str | int | bool | None = None  # To begin with; of a day its month and day, else it begins with today.
    rows: tuple["Field", ...] = ()  # The columns of a field with rows.
    place: str = ""  # Where the service names it in its answer, if not by its name.
    look: Literal["", "field-wide", "field-double"] = ""  # How much room it takes, where there is some.


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One call. A field that the path names goes there, the others into the body."""

    name: str  # In the address and in the texts: ``task.<name>``.
    group: Literal["planning", "money", "contracts", "operation", "people"]
    service: Literal["budget", "procurement", "monitoring", "evaluation"]
    method: Literal["POST", "PUT"]
    path: str
    scopes: tuple[str, ...]  # One of which is needed.
    fields: tuple[Field, ...]


PROJECT: Final = Field(name="project", kind="project")
METHODS: Final = (
    "open_tender",
    "invited_tender",
    "competitive_negotiation",
    "competitive_consultation",
    "inquiry",
    "single_source",
    "framework",
    "designated_supplier",
)
DIMENSIONS: Final = ("output", "benefit", "satisfaction", "cost")
ASPECTS: Final = (
    "quantity",
    "quality",
    "timeliness",
    "cost",
    "economic",
    "social",
    "ecological",
    "sustainable",
    "satisfaction",
)
OPS: Final = (">=", "<=", "=", ">", "<", "between", "by", "level")
MEASURES: Final = (
    "accepted_quantity",
    "acceptance_pass_rate",
    "government_procurement_rate",
    "service_months",
    "fault_rate",
    "availability",
    "fault_resolution_rate",
    "response_hours",
    "repair_hours",
    "paid_amount",
    "execution_rate",
    "on_time_payment_rate",
    "complaint_rate",
    "complaint_closure_rate",
    "satisfaction_rate",
    "reading",
    "inspections",
    "rectification_rate",
    "event_count",
    "rating",
    "reported",
)
ORIGINS: Final = ("fiscal", "self_raised", "carry_over", "other")

_DECLARE = Form(
    name="declare",
    group="planning",
    service="budget",
    method="PUT",
    path="/projects/{project}",
    scopes=("projects:write",),
    fields=(
        Field(name="project", kind="id", label="project_id"),
        Field(name="name", label="project_name"),
        Field(name="unit"),
        Field(name="department"),
        Field(name="fiscal_year", kind="count", value=THIS_YEAR),
        Field(name="nature", kind="choice", options=("new", "continuing"), words="nature", value="new"),
        Field(name="starts_on", kind="day", value="01-01"),
        Field(name="ends_on", kind="day", value="12-31"),
        Field(
            name="lines",
            kind="rows",
            rows=(
                Field(name="line", kind="id", label="line_id"),
                Field(name="name", label="line_name"),
                Field(name="amount", kind="amount"),
            ),
        ),
        *(
            Field(name=f"sources.{origin}", kind="amount", label=f"source_{origin}", is_required=False)
            for origin in ORIGINS
        ),
        Field(name="reason", kind="long", label="adjustment_reason", is_required=False),
    ),
)
_RECEIPT = Form(
    name="receipt",
    group="money",
    service="budget",
    method="POST",
    path="/projects/{project}/receipts",
    scopes=("receipts:write",),
    fields=(
        PROJECT,
        Field(name="amount", kind="amount"),
        Field(name="source", kind="choice", options=ORIGINS, words="origin", value="fiscal"),
        Field(name="received_on", kind="day"),
        Field(name="reference"),
    ),
)
_PAYMENT_FIELDS: Final = (
    PROJECT,
    Field(name="line", kind="line"),
    Field(name="contract", kind="contract", is_required=False),
    Field(name="payee"),
    Field(name="amount", kind="amount"),
)
_PAYMENT = Form(
    name="payment",
    group="money",
    service="budget",
    method="POST",
    path="/payments",
    scopes=("payments:post",),
    fields=(
        *_PAYMENT_FIELDS,
        Field(name="paid_on", kind="day"),
        Field(name="purpose", kind="long"),
        Field(name="approved_by"),
    ),
)
_REQUEST = Form(
    name="request",
    group="money",
    service="budget",
    method="POST",
    path="/payment-requests",
    scopes=("payments:request",),
    fields=(*_PAYMENT_FIELDS, Field(name="purpose", kind="long")),
)
_SUPPLIER = Form(
    name="supplier",
    group="contracts",
    service="procurement",
    method="PUT",
    path="/suppliers/{supplier}",
    scopes=("contracts:write",),
    fields=(
        Field(name="supplier", kind="id", label="supplier_id"),
        Field(name="name", label="supplier_name"),
        Field(name="credit_code"),
        Field(name="small_business", kind="yes"),
    ),
)
_CONTRACT = Form(
    name="contract",
    group="contracts",
    service="procurement",
    method="POST",
    path="/contracts",
    scopes=("contracts:write",),
    fields=(
        PROJECT,
        Field(name="line", kind="line"),
        Field(name="contract", kind="id", label="contract_id"),
        Field(name="supplier", kind="id", label="supplier_id"),
        Field(name="amount", kind="amount"),
        Field(name="method", kind="choice", options=METHODS, words="method", value="inquiry"),
        Field(name="government_procurement", kind="yes", value=True),
        Field(name="signed_on", kind="day"),
        Field(name="starts_on", kind="day"),
        Field(name="ends_on", kind="day", value="12-31"),
        Field(
            name="items",
            kind="rows",
            rows=(
                Field(name="item", kind="id", label="item_id"),
                Field(name="name", label="item_name"),
                Field(name="unit", label="item_unit"),
                Field(name="quantity", kind="number"),
            ),
        ),
        Field(name="advance_amount", kind="amount", is_required=False),
        Field(name="payment_days", kind="count", is_required=False),
        Field(name="signed_by"),
    ),
)
_ACCEPTANCE = Form(
    name="acceptance",
    group="contracts",
    service="procurement",
    method="POST",
    path="/contracts/{contract}/acceptances",
    scopes=("acceptances:write",),
    fields=(
        Field(name="_project", kind="project", label="project"),
        Field(name="contract", kind="contract"),
        Field(name="accepted_on", kind="day"),
        Field(
            name="items",
            kind="rows",
            rows=(
                Field(name="item", kind="id", label="item_id"),
                Field(name="inspected", kind="number"),
                Field(name="passed", kind="number"),
            ),
        ),
        Field(name="conclusion", kind="choice", options=("passed", "failed"), words="conclusion", value="passed"),
        Field(name="inspectors", kind="people"),
        Field(name="remarks", kind="long", is_required=False),
    ),
)
_FAULT = Form(
    name="fault",
    group="operation",
    service="monitoring",
    method="POST",
    path="/faults",
    scopes=("faults:write",),
    fields=(
        PROJECT,
        Field(name="asset", kind="asset", is_required=False),
        Field(name="title", label="fault_title"),
        Field(name="severity", kind="choice", options=("critical", "major", "minor"), words="severity", value="major"),
        Field(name="occurred_at", kind="moment"),
        Field(name="service_down", kind="yes"),
    ),
)
_ANSWER = Form(
    name="answer",
    group="operation",
    service="monitoring",
    method="POST",
    path="/faults/{fault}/response",
    scopes=("faults:write",),
    fields=(
        Field(name="_project", kind="project", label="project"),
        Field(name="fault", kind="fault", words="open"),
        Field(name="responded_at", kind="moment"),
        Field(name="responder"),
    ),
)
_RESOLVE = Form(
    name="resolve",
    group="operation",
    service="monitoring",
    method="POST",
    path="/faults/{fault}/resolution",
    scopes=("faults:write",),
    fields=(
        Field(name="_project", kind="project", label="project"),
        Field(name="fault", kind="fault", words="unresolved"),
        Field(name="resolved_at", kind="moment"),
        Field(name="cause", kind="long"),
        Field(name="remedy", kind="long"),
    ),
)
_COMPLAINT = Form(
    name="complaint",
    group="people",
    service="monitoring",
    method="POST",
    path="/complaints",
    scopes=("feedback:write",),
    fields=(
        PROJECT,
        Field(
            name="channel",
            kind="choice",
            options=("hotline", "mailbox", "website", "visit", "other"),
            words="channel",
            value="mailbox",
        ),
        Field(name="subject", kind="long"),
        Field(name="received_at", kind="moment"),
    ),
)
_CLOSURE = Form(
    name="closure",
    group="people",
    service="monitoring",
    method="POST",
    path="/complaints/{complaint}/closure",
    scopes=("feedback:write",),
    fields=(
        Field(name="_project", kind="project", label="project"),
        Field(name="complaint", kind="complaint"),
        Field(name="closed_at", kind="moment"),
        Field(name="outcome", kind="long"),
    ),
)
_SURVEY = Form(
    name="survey",
    group="people",
    service="monitoring",
    method="POST",
    path="/surveys/{survey}/answers",
    scopes=("feedback:write",),
    fields=(
        PROJECT,
        Field(name="survey", kind="id"),
        Field(name="answered", kind="count"),
        Field(name="satisfied", kind="count"),
        Field(name="collected_on", kind="day"),
    ),
)
PLAN: Final = Form(
    name="plan",
    group="planning",
    service="evaluation",
    method="PUT",
    path="/projects/{project}/plan",
    scopes=("plans:write",),
    fields=(
        Field(name="project", kind="budgeted"),
        Field(name="title", label="plan_title"),
        Field(name="fiscal_year", kind="count", value=THIS_YEAR),
        Field(name="from", kind="day", label="starts_on", value="01-01"),
        Field(name="to", kind="day", label="ends_on", value="12-31"),
        Field(name="execution.weight", kind="number", label="execution_weight", value="10"),
        Field(name="policy", kind="choice", look="field-wide"),
        Field(name="objective", kind="long"),
        Field(
            name="indicators",
            kind="rows",
            rows=(
                Field(name="code", label="indicator_code"),
                Field(name="name", label="indicator_name", look="field-double"),
                Field(name="dimension", kind="choice", options=DIMENSIONS, words="dimension", value="output"),
                Field(name="aspect", kind="choice", options=ASPECTS, words="aspect", value="quantity"),
                Field(name="op", kind="choice", options=OPS, words="op", value=">=", place="target.op"),
                Field(name="value", label="target", place="target.value"),
                Field(name="unit", label="indicator_unit", is_required=False),
                Field(name="weight", kind="number"),
                Field(
                    name="measure",
                    kind="choice",
                    options=MEASURES,
                    words="measure",
                    value="reported",
                    look="field-double",
                ),
                Field(name="with", label="arguments", is_required=False),
            ),
        ),
    ),
)
_RATING = Form(
    name="rating",
    group="planning",
    service="evaluation",
    method="POST",
    path="/projects/{project}/ratings",
    scopes=("ratings:write",),
    fields=(
        PROJECT,
        Field(name="code", kind="indicator", words="rating"),
        Field(name="level", kind="choice", options=("achieved", "partly", "missed"), words="level", value="achieved"),
        Field(name="percent", kind="number"),
        Field(name="reason", kind="long"),
        Field(name="rated_by"),
    ),
)
_MEASUREMENT = Form(
    name="measurement",
    group="planning",
    service="evaluation",
    method="POST",
    path="/projects/{project}/measurements",
    scopes=("ratings:write",),
    fields=(
        PROJECT,
        Field(name="code", kind="indicator", words="self_reported"),
        Field(name="value", label="measured_value"),
        Field(name="reason", kind="long", label="measurement_reason"),
    ),
)
_DEVIATION = Form(
    name="deviation",
    group="planning",
    service="evaluation",
    method="POST",
    path="/projects/{project}/indicators/{code}/deviation",
    scopes=("ratings:write",),
    fields=(
        PROJECT,
        Field(name="code", kind="indicator"),
        Field(name="reason", kind="long", label="deviation_reason"),
        Field(name="remedy", kind="long", label="deviation_remedy"),
        Field(
            name="cause",
            kind="choice",
            label="deviation_cause",
            options=("funding", "rules", "staff", "equipment", "other"),
            words="cause",
            value="other",
        ),
    ),
)

FORMS: Final = {
    form.name: form
    for form in (
        _DECLARE,
        PLAN,
        _RATING,
        _MEASUREMENT,
        _DEVIATION,
        _RECEIPT,
        _PAYMENT,
        _REQUEST,
        _SUPPLIER,
        _CONTRACT,
        _ACCEPTANCE,
        _FAULT,
        _ANSWER,
        _RESOLVE,
        _COMPLAINT,
        _CLOSURE,
        _SURVEY,
    )
}
