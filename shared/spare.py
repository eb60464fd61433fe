"""
Spares a service what libraries import only in case it is there: import this before them.

httpx and structlog bring rich along for a command line and colours, uvicorn a watcher of source files, httpcore looks
for sniffio on disk at each request, FastAPI asks of each type whether it is a model of pydantic 1, and the
console's library could be a client of its own protocol, over aiohttp or requests, or talk through Valkey. A service has
no use for any, and is 6 MiB smaller without them, the console 18.
"""

import sys
from typing import Final

OPTIONAL: Final = ("rich", "watchfiles", "sniffio", "aiohttp", "requests", "valkey", "pydantic.v1")

for _name in OPTIONAL:
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # Python's way to say: there is no such module.
