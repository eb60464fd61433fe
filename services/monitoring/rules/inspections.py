"""Decisions about inspections and their rectification."""

from dataclasses import replace

from services.monitoring.model import Inspection, Rectification
from shared.problems import Invalid, Refusal


class AlreadyRectified(Refusal):
    """The findings were put right otherwise."""

    slug, title = "already-rectified", "The inspection is already rectified"

    def __init__(self, inspection: str) -> None:
        super().__init__(f"inspection {inspection} is rectified with other content", inspection=inspection)


class NothingToRectify(Refusal):
    """The inspection found nothing wrong."""

    slug, title = "nothing-to-rectify", "The inspection found nothing wrong"

    def __init__(self, inspection: str) -> None:
        super().__init__(f"inspection {inspection} has no findings", inspection=inspection)


def rectify(inspection: Inspection, rectification: Rectification) -> Inspection:
    """
    The inspection after *rectification*; the same inspection if that is on record.

    Raises:
        AlreadyRectified: If another one is on record.
        NothingToRectify: If there are no findings.
        Invalid: If it would be closed before the inspection was held.
    """
    if inspection.rectification == rectification:
        return inspection
    if inspection.rectification is not None:
        raise AlreadyRectified(inspection.inspection)
    if not inspection.findings:
        raise NothingToRectify(inspection.inspection)
    if rectification.closed_on < inspection.inspected_on:
        raise Invalid.field("closed_on", "before_inspection", "findings are not put right before they are found")
    return replace(inspection, rectification=rectification)
