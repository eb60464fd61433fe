from pathlib import Path

RESULTS = Path(__file__).resolve().parents[1] / "results" / "chaos"


def write_report(folder: Path) -> None: ...
