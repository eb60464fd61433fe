"""Playing an example into a platform that `up` has just started, once in the life of its data folder."""

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.addresses import Addresses
from cli.bearers import MintedBearers
from cli.client import Interrupted, Platform
from cli.errors import CommandError
from cli.example import Example
from cli.folder import DataFolder, write_private
from cli.keys import signing_pem
from cli.pace import Pace
from cli.performance import play_example, score_of, spoken_score
from cli.play import event_facts, event_line
from cli.voice import Voice


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """An example that is to be played, or played on."""

    example: Example
    pace: Pace
    folder: DataFolder
    stopping: threading.Event

    def run(self, addresses: Addresses, voice: Voice) -> None:
        """Play to the end and note it in the folder; when told to stop, leave the rest to the next start."""
        bearers = MintedBearers(signing_pem(self.folder))
        try:
            with Platform(addresses, bearers, stopping=self.stopping) as platform:
                self._play(platform, voice)
        except Interrupted:
            return
        except CommandError as error:
            voice.tell(
                f"The example stopped: {error}. The next `scorebus up --play` goes on from here.",
                state="play-stopped",
                error=str(error),
            )

    def _play(self, platform: Platform, voice: Voice) -> None:
        project = self.example.project_file.project
        voice.tell(
            f"Playing {self.example.name}: {len(self.example.events)} events",
            state="playing",
            example=self.example.name,
        )
        play_example(
            self.example,
            platform,
            self.pace,
            lambda event, answer: voice.tell("  " + event_line(event, answer), **event_facts(event, answer)),
        )
        self._note_end()
        score = score_of(platform, project)
        voice.tell(f"Played {self.example.name}. {project}: {spoken_score(score)}.", state="played", score=score)

    def _note_end(self) -> None:
        note = {"example": self.example.name, "finished_at": datetime.now(UTC).isoformat(timespec="seconds")}
        write_private(self.folder.played, json.dumps(note) + "\n")
        self.folder.playing.unlink(missing_ok=True)


def plan_playing(folder: DataFolder, example: Example, pace: Pace, voice: Voice) -> Playing | None:
    """
    Whether *example* is to be played: into a new folder, or on where the last start left off.

    Noted before anything else happens, so that a start that is killed at once is not mistaken for a finished one.
    """
    name = _noted(folder)
    if name is None and not folder.has_facts() and not folder.played.exists():
        note = {"example": example.name, "started_at": datetime.now(UTC).isoformat(timespec="seconds")}
        write_private(folder.playing, json.dumps(note) + "\n")
        name = example.name
    if name != example.name or folder.played.exists():
        what = "was played here before" if folder.played.exists() else "is not played: the data folder is in use"
        voice.tell(f"{example.name} {what}", state="not-played", example=example.name)
        return None
    return Playing(example=example, pace=pace, folder=folder, stopping=threading.Event())


def _noted(folder: DataFolder) -> str | None:
    try:
        return str(json.loads(folder.playing.read_text())["example"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"cannot read {folder.playing}: {error}") from error
