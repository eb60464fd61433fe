"""The pages, one file each."""

from services.console.pages import audit, bus, catalogue, desk, file, overview, plan, project, requests, wall
from services.console.parts import Parts


def add(parts: Parts) -> None:
    """Add every page."""
    for page in (overview, project, requests, plan, file, desk, catalogue, audit, bus, wall):
        page.add(parts)
