"""The pages, one file each."""

from services.console.pages import catalogue, desk, overview, plan, project, requests, wall
from services.console.parts import Parts


def add(parts: Parts) -> None:
    """Add every page."""
    for page in (overview, project, requests, plan, desk, catalogue, wall):
        page.add(parts)
