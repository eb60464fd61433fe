"""How commands speak: lines for people, or one JSON object a line for machines."""

import json
from typing import Any, Protocol


class Voice(Protocol):
    """Tells *text*; *facts* are the same in parts."""

    def tell(self, text: str, **facts: Any) -> None: ...


class PlainVoice:
    """Lines for people."""

    def tell(self, text: str, **facts: Any) -> None:
        print(text, flush=True)


class JsonVoice:
    """A JSON object a line."""

    def tell(self, text: str, **facts: Any) -> None:
        print_json({"text": text.strip(), **facts})


class SilentVoice:
    """Nothing: for commands that print their result alone."""

    def tell(self, text: str, **facts: Any) -> None:
        pass


def print_json(value: Any) -> None:
    """One JSON value on one line, Chinese as it is."""
    print(json.dumps(value, ensure_ascii=False), flush=True)


def voice_of(as_json: bool) -> Voice:
    """The voice that a command's ``--json`` asks for."""
    return JsonVoice() if as_json else PlainVoice()
