"""What inspectors find, and how it is put right. Their words stay here; events carry counts."""

from dataclasses import replace
from datetime import datetime

from services.monitoring.handlers.learning import known_project
from services.monitoring.model import Inspection, Rectification
from services.monitoring.rules.inspections import rectify
from services.monitoring.rules.times import check_day
from services.monitoring.store import Store
from shared.dates import start_of
from shared.events import monitoring as events
from shared.problems import AlreadyExists


def record_inspection(inspection: Inspection, store: Store, *, now: datetime, by: str) -> tuple[Inspection, bool]:
    """
    Put an inspection on record; returns it as it stands there, and whether it is new.

    Raises:
        ProjectUnknown: If its project is not known yet.
        Invalid: If it lies in the future.
        AlreadyExists: If the id is taken by another inspection.
    """
    project = known_project(inspection.project, store)
    check_day("inspected_on", inspection.inspected_on, now, project.time_zone)
    known = store.inspection(inspection.inspection)
    if known is not None:
        if replace(known, rectification=None) != inspection:
            raise AlreadyExists(f"inspection {inspection.inspection} is another one", inspection=inspection.inspection)
        return known, False
    store.add_inspection(inspection, by)
    store.publish(
        events.InspectionRecorded(
            project=inspection.project,
            inspection=inspection.inspection,
            inspected_on=inspection.inspected_on,
            findings=len(inspection.findings),
        ),
        start_of(inspection.inspected_on, project.time_zone),
    )
    return inspection, True


def close_rectification(
    inspection: Inspection, rectification: Rectification, store: Store, *, now: datetime
) -> Inspection:
    """
    Put on record that the findings were put right. The same again changes nothing.

    Raises:
        Invalid: If it lies in the future or before the inspection.
        AlreadyRectified, NothingToRectify: See `rectify`.
    """
    project = known_project(inspection.project, store)
    check_day("closed_on", rectification.closed_on, now, project.time_zone)
    after = rectify(inspection, rectification)
    if after is not inspection:
        store.save_rectification(inspection.inspection, rectification)
        store.publish(
            events.RectificationClosed(
                project=inspection.project,
                inspection=inspection.inspection,
                closed_on=rectification.closed_on,
                findings=len(inspection.findings),
            ),
            start_of(rectification.closed_on, project.time_zone),
        )
    return after
