"""
``scorebus verify ARCHIVE.zip``: an archive checked by itself, with no service and no network.

Its members against its manifest, its events against their hashes, and its score and form against what this program
recomputes from its events.
"""

from cli.verify.archived.checking import ArchiveVerdict, verify_archive

__all__ = ["ArchiveVerdict", "verify_archive"]
