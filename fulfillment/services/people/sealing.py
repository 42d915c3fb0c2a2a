"""Secrets the floor has to read again, sealed with a key that is no part of the database.

Whoever has a copy of the database alone has none of them. The key is a file only its owner can read, made when it is
first needed; nodes of one floor share it (`FLOOR_SECRET_KEY_FILE`).
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from fulfillment.settings import SettingError, Settings


def key_file(settings: Settings) -> Path:
    """Where the key of this floor is."""
    return Path(settings.secret_key_file) if settings.secret_key_file else settings.home / "secret-key"


def sealed(settings: Settings, text: str) -> str:
    """What is stored instead of a secret."""
    return Fernet(_key(settings)).encrypt(text.encode()).decode()


def unsealed(settings: Settings, stored: str) -> str | None:
    """The secret; None when it was sealed with another key."""
    try:
        return Fernet(_key(settings)).decrypt(stored.encode()).decode()
    except InvalidToken:
        return None


def _key(settings: Settings) -> bytes:
    path = key_file(settings)
    if not path.exists():
        _make(path)
    key = path.read_bytes().strip()
    try:
        Fernet(key)
    except ValueError as error:
        raise SettingError(f"{path} holds no key: put back the one it was, or take it away for a new one") from error
    return key


def _make(path: Path) -> None:
    # Two workers may need the first key at once: it is whole before it has its name, and the first name stays.
    path.parent.mkdir(parents=True, exist_ok=True)
    own = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(own, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(Fernet.generate_key() + b"\n")
    with contextlib.suppress(FileExistsError):
        os.link(own, path)
    own.unlink()
