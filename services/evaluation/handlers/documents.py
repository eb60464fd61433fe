"""Documents of a project: put on record, linked to what they back, and found again for the form."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from sqlmodel import Session

from services.evaluation import store
from services.evaluation.facts import Facts
from services.evaluation.handlers.plans import UnknownIndicator
from services.evaluation.model import Proof, Subject
from services.evaluation.rules.forms.proving import Proofs
from services.evaluation.store.tables import DocumentLinkRow, DocumentRow
from shared.problems import NotFound, Refusal

DOCUMENTS_MAX: Final = 2_000  # Of one project: an archive of all of them can still be read by anybody.
DOCUMENTS_BYTES_MAX: Final = 2 * 1024**3


class DocumentsFull(Refusal):
    """The project holds as many documents as it may."""

    slug, title = "documents-full", "The project holds as many documents as it may"


class SubjectUnknown(Refusal):
    """A link names what no event has told of, or has not yet."""

    slug, title = "subject-unknown", "What the document shall back is not known"


def require_told(facts: Facts, project: str) -> None:
    """
    Let nobody keep papers of a project that nobody has told of.

    Raises:
        NotFound: If no event named *project*.
    """
    if not facts.project:
        raise NotFound(f"there is no project {project}", project=project)


def keep_document(session: Session, document: DocumentRow) -> tuple[DocumentRow, bool]:
    """
    Put a document on record, and whether it is new; the same content again is the document that is there.

    Raises:
        DocumentsFull: If the project may hold no more.
    """
    found = store.document(session, document.project, document.sha256)
    if found is not None:
        return found, False
    count, size = store.documents_held(session, document.project)
    if count >= DOCUMENTS_MAX or size + document.size > DOCUMENTS_BYTES_MAX:
        raise DocumentsFull(
            f"{document.project} may hold {DOCUMENTS_MAX} documents of {DOCUMENTS_BYTES_MAX} bytes together",
            documents=count,
            documents_max=DOCUMENTS_MAX,
            bytes=size,
            bytes_max=DOCUMENTS_BYTES_MAX,
        )
    session.add(document)
    return document, True


def add_links(
    session: Session, document: DocumentRow, subjects: Sequence[Subject], facts: Facts, *, by: str, now: datetime
) -> None:
    """
    Put on record what a document backs; what was linked before stays as it was.

    Raises:
        UnknownIndicator: If the plan has no such indicator.
        SubjectUnknown: If no event told of a subject: it may still arrive.
    """
    for subject in subjects:
        _require_subject(facts, subject)
    linked = {(row.kind, row.subject) for row in store.document_links(session, document.project, [document.sha256])}
    for kind, subject_id in dict.fromkeys(subjects):
        if (kind, subject_id) not in linked:
            session.add(
                DocumentLinkRow(
                    project=document.project,
                    sha256=document.sha256,
                    kind=kind,
                    subject=subject_id,
                    linked_by=by,
                    linked_at=now,
                )
            )


def _require_subject(facts: Facts, subject: Subject) -> None:
    kind, subject_id = subject
    match kind:
        case "indicator":
            if facts.plan is None or subject_id not in {each.code for each in facts.plan.indicators}:
                message = f"the plan has no indicator {subject_id}"
                raise UnknownIndicator([{"field": "links", "code": "unknown", "message": message}])
            return
        case "payment":
            is_known = subject_id in facts.payments
        case "contract":
            is_known = subject_id in facts.contracts
        case "acceptance":
            each_one = (each for contract in facts.contracts.values() for each in contract.acceptances)
            is_known = any(each.acceptance == subject_id for each in each_one)
        case "inspection":
            is_known = subject_id in facts.inspections
        case _:
            is_known = any(each.measurement == subject_id for each in facts.measurements)
    if not is_known:
        raise SubjectUnknown(
            f"{facts.project} has no {kind} {subject_id} that was heard of", retry_after=1, kind=kind, id=subject_id
        )


def show_documents(session: Session, project: str, rows: Sequence[DocumentRow]) -> Iterator[dict[str, Any]]:
    """Documents as they are shown, each with what it backs."""
    links: dict[str, list[dict[str, str]]] = defaultdict(list)
    for link in store.document_links(session, project, [row.sha256 for row in rows]):
        links[link.sha256].append({"kind": link.kind, "id": link.subject})
    for row in rows:
        yield {
            "sha256": row.sha256,
            "project": row.project,
            "name": row.name,
            "kind": row.kind,
            "media_type": row.media_type,
            "size": row.size,
            "by": row.added_by,
            "at": row.added_at.astimezone(UTC).isoformat(),
            "links": links[row.sha256],
        }


def proofs_of(session: Session, project: str, known: datetime | None = None) -> Proofs:
    """
    The papers by what they back: documents that were linked, and what is named with a value reported by hand.

    *known* leaves out the links that were made after it.
    """
    found: dict[Subject, list[Proof]] = defaultdict(list)
    names: Mapping[str, DocumentRow] = {row.sha256: row for row in store.documents(session, project)}
    for link in store.document_links(session, project):
        if known is None or link.linked_at <= known:
            subject: Subject = (link.kind, link.subject)  # type: ignore[assignment]  # One of the kinds: see the body.
            found[subject].append(Proof(name=names[link.sha256].name, sha256=link.sha256))
    for row in store.measured_by_hand(session, project):
        found["measurement", row.measurement] += [
            Proof(name=paper["name"], sha256=paper["sha256"]) for paper in row.evidence
        ]
    return {subject: tuple(proofs) for subject, proofs in found.items()}
