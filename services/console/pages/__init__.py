"""The pages, one file each."""

from services.console.pages import desk, overview, project, requests, wall
from services.console.parts import Parts


def add(parts: Parts) -> None:
    """Add every page."""
    for page in (overview, project, requests, desk, wall):
        page.add(parts)
