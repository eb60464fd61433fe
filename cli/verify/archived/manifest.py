"""The manifest of an archive, and its members against it."""

import hashlib
from collections import Counter
from typing import Any, Final, Literal

import msgspec

from cli.errors import CommandError
from cli.verify.archived.bundle import Bundle, Damaged
from cli.verify.findings import Findings
from cli.verify.history import SOURCES

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
NEEDED: Final = (
    "README.txt",
    "documents.json",
    "form.docx",
    "form.json",
    "form.pdf",
    "form.xlsx",
    "narrative.json",
    "plan.json",
    "policy.toml",
    "score.json",
    *(f"events/{source}.ndjson" for source in SOURCES),
)
CAN_BE_LEFT_OUT: Final = ("form.docx", "form.pdf", "form.xlsx")  # What nothing is recomputed from.


class Member(msgspec.Struct, frozen=True):
    """A member as it was written."""

    name: str
    size: int
    sha256: str


class Missing(msgspec.Struct, frozen=True):
    """A member that could not be made."""

    name: str
    reason: str


class Tip(msgspec.Struct, frozen=True):
    """Where a log stood when the archive was made."""

    source: str
    partition: int
    epoch: str
    seq: int
    hash: str


class Manifest(msgspec.Struct, frozen=True):
    """What the archive says of itself."""

    format: Literal[1]
    project: str
    as_of: str
    version: int
    tips: list[Tip]
    events: dict[str, int]
    left_out: list[Missing]
    members: list[Member]
    program: str = ""

    def facts(self) -> dict[str, Any]:
        """What a verdict says of it."""
        return {"project": self.project, "as_of": self.as_of, "version": self.version, "program": self.program}


def read_manifest(bundle: Bundle) -> Manifest:
    """
    The manifest.

    Raises:
        CommandError: If there is none that can be read: then it is no archive.
    """
    if MANIFEST not in bundle.names:
        raise CommandError(f"this is no archive of Scorebus: it has no {MANIFEST}")
    try:
        return msgspec.json.decode(bundle.read(MANIFEST), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, Damaged) as error:
        raise CommandError(f"{MANIFEST} cannot be read: {error}") from error


def check_members(bundle: Bundle, manifest: Manifest, findings: Findings) -> set[str]:
    """Check every member against the manifest; returns the names of those that are as they were written."""
    there = Counter(bundle.names)
    listed = {member.name: member for member in manifest.members}
    left_out = {missing.name for missing in manifest.left_out} & set(CAN_BE_LEFT_OUT)
    for missing in manifest.left_out:
        findings.doubt("member-left-out", missing.name, expected="a member", found=missing.reason)
    for name in sorted((set(NEEDED) - left_out | listed.keys()) - there.keys()):
        findings.add("member-missing", name, expected="a member", found="none")
    for name, count in sorted(there.items()):
        if name not in listed and name != MANIFEST:
            findings.add("member-extra", name, expected="what the manifest lists", found="a member that it does not")
        elif count > 1:
            findings.add("member-extra", name, expected="one member of this name", found=count)
    if bundle.comment:
        findings.add("member-extra", "the end of the file", expected="nothing", found=f"{len(bundle.comment)} bytes")
    return {name for name in listed if there[name] == 1 and _is_as_written(bundle, listed[name], findings)}


def _is_as_written(bundle: Bundle, member: Member, findings: Findings) -> bool:
    digest, size = hashlib.sha256(), 0
    try:
        for piece in bundle.pieces(member.name):
            digest.update(piece)
            size += len(piece)
    except Damaged as error:
        findings.add("member-damaged", member.name, expected=member.sha256, found=error)
        return False
    if (size, digest.hexdigest()) == (member.size, member.sha256):
        return True
    expected, found = f"{member.size} bytes, {member.sha256}", f"{size} bytes, {digest.hexdigest()}"
    findings.add("member-damaged", member.name, expected=expected, found=found)
    return False
