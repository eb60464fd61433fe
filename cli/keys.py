"""The keys of a platform: made once, kept, readable by their owner alone."""

import secrets
from datetime import UTC, datetime

from joserfc.jwk import OKPKey

from cli.errors import CommandError
from cli.folder import SERVICES, DataFolder, write_private
from shared.roles import ROLES
from shared.tokens import issue_token

MAC_BYTES = 32
SERVICE_TOKEN_DAYS = 30.0
SERVICE_TOKEN = "service.token"  # noqa: S105  # The name of the file.


def ensure_keys(folder: DataFolder) -> None:
    """
    Make what is missing: the pair that signs tokens, and the key of each publisher's messages.

    Raises:
        CommandError: If a key that is there cannot be read.
    """
    if not folder.signing_key.exists():
        pair = OKPKey.generate_key("Ed25519")
        write_private(folder.signing_key, pair.as_pem(private=True).decode())
    public = _signing_pair(folder).as_pem(private=False).decode()
    write_private(folder.keys / "public.pem", public, mode=0o644)
    for service in SERVICES:
        ensure_secret(folder, f"{service}.mac")


def ensure_secret(folder: DataFolder, name: str) -> str:
    """The random secret of that name, made where it is missing: 64 hexadecimal digits."""
    path = folder.keys / name
    if not path.exists():
        write_private(path, secrets.token_hex(MAC_BYTES))
    return path.read_text().strip()


def signing_pem(folder: DataFolder) -> str:
    """
    The private key that signs tokens.

    Raises:
        CommandError: If it is not there or cannot be read.
    """
    try:
        return folder.signing_key.read_text()
    except FileNotFoundError:
        raise CommandError(
            f"there is no platform in {folder.path}: start one with `scorebus up`, or name its folder with --data"
        ) from None
    except OSError as error:
        raise CommandError(f"cannot read {folder.signing_key}: {error.strerror}") from error


def renew_service_token(folder: DataFolder) -> None:
    """Write the token with which services read one another's feeds."""
    token = issue_token(
        signing_pem(folder),
        subject="service",
        scopes=ROLES["service"],
        projects=None,
        days=SERVICE_TOKEN_DAYS,
        now=datetime.now(UTC),
    )
    write_private(folder.keys / SERVICE_TOKEN, token)


def _signing_pair(folder: DataFolder) -> OKPKey:
    try:
        return OKPKey.import_key(signing_pem(folder))
    except ValueError as error:
        raise CommandError(f"{folder.signing_key} is not a private key") from error
