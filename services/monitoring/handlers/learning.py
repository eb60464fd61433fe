"""What monitoring learns from others, and what it may then rely on."""

from collections.abc import Sequence
from zoneinfo import ZoneInfoNotFoundError

from sqlmodel import Session

from services.monitoring.model import Project
from services.monitoring.rules.places import ProjectUnknown, check_asset
from services.monitoring.store import Store
from shared.dates import zone
from shared.events.budget import ProjectDeclared
from shared.subscription import Happened, Poison


def learn(session: Session, happened: Sequence[Happened]) -> None:
    """Fold what budget says of projects into monitoring's own picture of them."""
    store = Store(session)
    for event in happened:
        if isinstance(event.data, ProjectDeclared):
            store.save_project(_project(event.data))


def unlearn(session: Session, project: str) -> None:
    """Forget what was learned of *project*: all of it is about to be learned again."""
    Store(session).forget_project(project)


def _project(data: ProjectDeclared) -> Project:
    try:
        zone(data.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Poison(f"project {data.project} is in a time zone that does not exist: {data.time_zone}") from error
    return Project(
        project=data.project,
        fiscal_year=data.fiscal_year,
        starts_on=data.starts_on,
        ends_on=data.ends_on,
        time_zone=data.time_zone,
    )


def known_project(project: str, store: Store) -> Project:
    """
    A project that budget has declared.

    Raises:
        ProjectUnknown: If that has not been heard of yet.
    """
    known = store.project(project)
    if known is None:
        raise ProjectUnknown(project)
    return known


def check_place(project: str, asset: str | None, store: Store) -> None:
    """
    Let a fact pass that happened in *project*, at *asset* if it names one.

    Raises:
        ProjectUnknown: If the project is not known yet.
        UnknownAsset: If the asset is not the project's.
    """
    known_project(project, store)
    if asset is not None:
        check_asset(store.asset(asset), asset, project)
