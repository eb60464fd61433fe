"""The data folder: where `up` keeps everything of one platform, and where other commands find it."""

import fcntl
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from cli.errors import CommandError

SERVICES = ("budget", "procurement", "monitoring", "evaluation")


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The places in a data folder."""

    path: Path

    @property
    def keys(self) -> Path:
        return self.path / "keys"

    @property
    def signing_key(self) -> Path:
        return self.keys / "signing.pem"

    @property
    def addresses(self) -> Path:
        return self.path / "addresses.json"

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def documents(self) -> Path:
        """What backs the figures, by hash."""
        return self.path / "documents"

    @property
    def users(self) -> Path:
        """Who may log in to the console."""
        return self.path / "users.json"

    @property
    def lock(self) -> Path:
        return self.path / "up.lock"

    @property
    def playing(self) -> Path:
        """The note of an example that is being played."""
        return self.path / "playing.json"

    @property
    def played(self) -> Path:
        """The note of an example that was played to its end."""
        return self.path / "played.json"

    def database(self, service: str) -> Path:
        return self.path / f"{service}.db"

    def has_facts(self) -> bool:
        """Whether services have stored anything here."""
        return any(self.database(service).exists() for service in SERVICES)


def make_folder(path: Path) -> DataFolder:
    """
    The data folder at *path*, made where it is missing, for its owner alone.

    Raises:
        CommandError: If it cannot be made.
    """
    folder = DataFolder(path.absolute())
    try:
        for place in (folder.path, folder.keys, folder.logs, folder.valkey):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.keys.chmod(0o700)
    except OSError as error:
        raise CommandError(f"cannot make the data folder {folder.path}: {error.strerror}") from error
    return folder


def write_private(path: Path, content: str, mode: int = 0o600) -> None:
    """Write *content* as a whole or not at all, readable by nobody else unless *mode* says so."""
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.unlink(missing_ok=True)
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


class Lock:
    """
    One `up` at a time in a data folder; the operating system lets go of it when the holder dies.

    The file holds the process id while `up` runs and nothing after a clean end, so that the next one knows whether the
    last one was killed and its services may still be on their way out.
    """

    def __init__(self, folder: DataFolder) -> None:
        self.was_killed = False
        self._folder = folder
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        file = self._folder.lock.open("a+", encoding="ascii")
        file.seek(0)
        holder = file.read().strip()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            name = f" (process {holder})" if holder else ""
            raise CommandError(f"another `scorebus up`{name} runs on {self._folder.path}") from None
        self.was_killed = bool(holder)
        self._file = file
        self._note(str(os.getpid()))
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._note("")
            self._file.close()
            self._file = None

    def _note(self, text: str) -> None:
        if self._file is not None:
            self._file.truncate(0)
            self._file.write(text)
            self._file.flush()
