"""Decisions about where something may happen: in which project, at which asset."""

from services.monitoring.model import Asset
from shared.problems import AlreadyExists, Invalid, Refusal


class ProjectUnknown(Refusal):
    """The project is not known here; its event may still arrive."""

    slug, title = "project-unknown", "The project is not known"

    def __init__(self, project: str) -> None:
        super().__init__(f"project {project} is not known yet", retry_after=1, project=project)


class UnknownAsset(Invalid):
    """A body names an asset that its project does not have."""

    slug, title = "unknown-asset", "The asset is not known"

    def __init__(self, project: str, asset: str) -> None:
        super().__init__([{"field": "asset", "code": "unknown", "message": f"project {project} has no asset {asset}"}])


def check_asset(asset: Asset | None, name: str, project: str) -> None:
    """
    Let a fact of *project* pass that names the asset *name*, which is known as *asset*.

    Raises:
        UnknownAsset: If it is not known, or another project's: whose it is, is not told.
    """
    if asset is None or asset.project != project:
        raise UnknownAsset(project, name)


def check_describing(asset: Asset, known: Asset | None) -> None:
    """
    Let a description of an asset pass.

    Raises:
        AlreadyExists: If the id is another project's asset: its faults and readings would change sides.
    """
    if known is not None and known.project != asset.project:
        raise AlreadyExists(f"asset {asset.asset} belongs to another project", asset=asset.asset)
