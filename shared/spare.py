"""
Spares a service what libraries import only in case it is there: import this before them.

httpx and structlog bring rich along for a command line and colours, uvicorn a watcher of source files, and httpcore
looks for sniffio on disk at each request. A service has no use for any, and is 4 MiB smaller without them.
"""

import sys
from typing import Final

OPTIONAL: Final = ("rich", "watchfiles", "sniffio")

for _name in OPTIONAL:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # Python's way to say: there is no such module.
