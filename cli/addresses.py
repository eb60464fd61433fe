"""Where the services of a platform are."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from cli.errors import CommandError
from cli.folder import DataFolder, write_private
from cli.ports import HOST, OFFSETS

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class Addresses:
    """The base address of each service."""

    urls: Mapping[str, str]

    def of(self, service: str) -> str:
        """
        The address of *service*.

        Raises:
            CommandError: If it is not known.
        """
        if service not in self.urls:
            raise CommandError(f"the address of {service} is not known: name evaluation's with its port in --url")
        return self.urls[service]

    @property
    def are_local(self) -> bool:
        """Whether all of it is on this machine, where no proxy belongs in between."""
        from httpx import URL  # noqa: PLC0415  # Of use to clients only; `up` is none.

        return all(URL(url).host in LOOPBACK for url in self.urls.values())


def local_addresses(ports: Mapping[str, int]) -> Addresses:
    """Where `up` puts the services."""
    return Addresses({service: f"http://{HOST}:{port}" for service, port in ports.items()})


def derived_addresses(url: str) -> Addresses:
    """
    From evaluation's address those of its siblings: the next three ports. Without a port only evaluation is known.

    Raises:
        CommandError: If *url* is none.
    """
    from httpx import URL, InvalidURL  # noqa: PLC0415

    try:
        base = URL(url)
    except InvalidURL as error:
        raise CommandError(f"--url {url}: {error}") from error
    if base.scheme not in ("http", "https") or not base.host:
        raise CommandError(f"--url {url}: an address begins with http:// or https://")
    if base.port is None:
        return Addresses({"evaluation": url.rstrip("/")})
    return Addresses(
        {service: str(base.copy_with(port=base.port + offset)).rstrip("/") for service, offset in OFFSETS.items()}
    )


def write_addresses(folder: DataFolder, addresses: Addresses, redis_url: str) -> None:
    """Leave the addresses for other commands; private, because the one of Redis holds a password."""
    write_private(folder.addresses, json.dumps({**addresses.urls, "redis": redis_url}, indent=2) + "\n")


def read_addresses(folder: DataFolder) -> Addresses:
    """
    What `up` left.

    Raises:
        CommandError: If there is nothing that can be read.
    """
    try:
        found = json.loads(folder.addresses.read_text())
        return Addresses({service: str(found[service]) for service in OFFSETS})
    except FileNotFoundError:
        raise CommandError(
            f"there is no platform in {folder.path}: start one with `scorebus up`, or name its address with --url"
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(f"cannot read {folder.addresses}: {error}") from error
