"""Who may do what on the bus: one user per service, for its own streams and those it follows, and nobody else."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from cli.programs import SOURCES
from shared.relay import heads_name, stream_name

HEALTH: Final = "health"  # The user of the server's own health check: it may PING.
# PING, HELLO and what a client says of itself. By category: a server refuses a file that names a later one's command.
CONNECTING: Final = "+@connection -@dangerous +info"
# What shared/relay.py sends: append, look at the end, and clear away what is no stream.
RELAYING: Final = "+xadd +xrevrange +type +del"
FOLLOWING: Final = "+xread"


def acl_file(passwords: Mapping[str, str], partitions: int) -> str:
    """
    The content of a Redis ACL file (7.0 or newer, for its selectors).

    Args:
        passwords: Of every service and of `HEALTH`; the file holds their SHA-256 alone.
        partitions: Of each log.
    """
    users = ["user default off resetkeys resetchannels -@all"]
    users += [_user(service, passwords[service], _rights(service, SOURCES[service], partitions)) for service in SOURCES]
    users.append(_user(HEALTH, passwords[HEALTH], ["+ping"]))
    return "\n".join(users) + "\n"


def _user(name: str, password: str, rights: Sequence[str]) -> str:
    digest = hashlib.sha256(password.encode()).hexdigest()
    return f"user {name} on #{digest} resetkeys resetchannels -@all {' '.join(rights)}"


def _rights(service: str, sources: Sequence[str], partitions: int) -> list[str]:
    own = " ".join(f"%RW~{key}" for key in _keys([service], partitions))
    followed = " ".join(f"%R~{key}" for key in _keys(sources, partitions))
    return [CONNECTING, RELAYING, own, f"({FOLLOWING} {followed})"]


def _keys(sources: Sequence[str], partitions: int) -> list[str]:
    return [
        name(source, partition)
        for source in sources
        for partition in range(partitions)
        for name in (stream_name, heads_name)
    ]
