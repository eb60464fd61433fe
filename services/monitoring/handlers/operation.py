"""What happens in operation: assets, readings, maintenance."""

from collections.abc import Sequence
from datetime import datetime

from services.monitoring.handlers.learning import check_place, known_project
from services.monitoring.model import Asset, MaintenanceWindow, Reading
from services.monitoring.rules.places import check_describing
from services.monitoring.rules.times import check_not_ahead, check_window
from services.monitoring.store import Store
from shared.events import monitoring as events
from shared.problems import Invalid


def describe_asset(asset: Asset, store: Store) -> bool:
    """
    Put an asset on record, or describe it anew; tells whether it is new.

    Raises:
        ProjectUnknown: If its project is not known yet.
        AlreadyExists: If the id is another project's asset.
    """
    known_project(asset.project, store)
    known = store.asset(asset.asset)
    check_describing(asset, known)
    if asset != known:
        store.save_asset(asset)
    return known is None


def record_reading(reading: Reading, store: Store, *, now: datetime, by: str) -> None:
    """
    Put a measured value on record.

    Raises:
        ProjectUnknown, UnknownAsset: See `check_place`.
        Invalid: If it lies in the future.
    """
    check_not_ahead("measured_at", reading.measured_at, now)
    check_place(reading.project, reading.asset, store)
    store.save_reading(reading, by)
    store.publish(
        events.ReadingRecorded(
            project=reading.project,
            reading=reading.reading,
            asset=reading.asset,
            metric=reading.metric,
            value=format(reading.value, "f"),
            unit=reading.unit,
            measured_at=reading.measured_at,
        ),
        reading.measured_at,
    )


def record_readings(readings: Sequence[Reading], store: Store, *, now: datetime, by: str) -> None:
    """
    Put a list of values on record: all of them, or none if one is refused.

    Raises:
        ProjectUnknown, Invalid: As `record_reading`; the fields at fault are named with their place in the list.
    """
    for place, reading in enumerate(readings):
        try:
            record_reading(reading, store, now=now, by=by)
        except Invalid as problem:
            problem.facts["errors"] = [
                error | {"field": f"{place}.{error['field']}"} for error in problem.facts["errors"]
            ]
            problem.detail = f"{place}.{problem.detail}"
            raise


def schedule_maintenance(window: MaintenanceWindow, store: Store, *, by: str) -> None:
    """
    Announce downtime. It happens, for whoever asks when, as the window begins.

    Raises:
        ProjectUnknown, UnknownAsset: See `check_place`.
        Invalid: See `check_window`.
    """
    check_window(window.starts_at, window.ends_at)
    check_place(window.project, window.asset, store)
    store.save_window(window, by)
    store.publish(
        events.MaintenanceScheduled(
            project=window.project,
            window=window.window,
            asset=window.asset,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
        ),
        window.starts_at,
    )
