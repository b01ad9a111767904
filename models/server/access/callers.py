"""Names of those who send requests, as they are logged: pseudonyms, unless names are asked for.

A pseudonym is a keyed hash (HMAC-SHA256). The same name has the same one in every log for which
the same key is used. Without the key nobody can tell which name it stands for, nor try names out.
"""

import contextlib
import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from models.errors import BadConfig

NameKind = Literal["caller", "team", "key"]
ShownNames = Literal["none", "teams", "all"]
SHOWN: dict[ShownNames, frozenset[NameKind]] = {
    "none": frozenset(),
    "teams": frozenset(["team"]),
    "all": frozenset(["caller", "team", "key"]),
}
KEY_FILE = "pseudonyms.key"
KEY_BYTES = 32
# Text that is longer, or has control characters, is no name; it is never logged as it is.
MAX_NAME = 128
CALLER_HEADER = "x-tokentide-caller"
TEAM_HEADER = "x-tokentide-team"
KEY_HEADER = "x-tokentide-key-alias"


@dataclass(frozen=True)
class RequestSender:
    """The sender of a request, as far as it is known and as it is logged."""

    caller: str | None = None
    team: str | None = None
    key_alias: str | None = None


UNKNOWN_SENDER = RequestSender()


class Pseudonyms:
    """Maker of pseudonyms with one key; names of the kinds to show stay names."""

    def __init__(self, key: bytes, shown: ShownNames = "none") -> None:
        self._key, self._shown = key, SHOWN[shown]

    @classmethod
    def of_home(cls, home: Path, shown: ShownNames = "none") -> "Pseudonyms":
        """Use the key of a home; make one, which only its owner can read, if there is none."""
        return cls(_read_key(home / KEY_FILE), shown)

    def label(self, kind: NameKind, name: str | None) -> str | None:
        """Return what is logged in place of a name: the name if it is to be shown."""
        name = (name or "").strip()
        if not name:
            return None
        is_name = len(name) <= MAX_NAME and name.isprintable()
        return name if kind in self._shown and is_name else self.hide(kind, name)

    def hide(self, kind: NameKind, name: str) -> str:
        """Return the pseudonym of a name."""
        digest = hmac.digest(self._key, f"{kind}\0{name}".encode(errors="replace"), "sha256")
        return f"{kind}-{digest.hex()[:16]}"

    def read_sender(self, headers: Mapping[str, str], user: str | None = None) -> RequestSender:
        """Return the sender of a request from its headers, and from the user that its body names.

        A header wins, since a gateway adds it and any client may fill the body.
        """
        return RequestSender(
            self.label("caller", headers.get(CALLER_HEADER) or user),
            self.label("team", headers.get(TEAM_HEADER)),
            self.label("key", headers.get(KEY_HEADER)),
        )


def _read_key(path: Path) -> bytes:
    try:
        if not path.exists():
            _make_key(path)
        key = path.read_bytes()
    except OSError as error:
        raise BadConfig(
            f"{path}, the key of pseudonyms, cannot be read or made ({error.strerror}). "
            "Name a writable folder as the home."
        ) from error
    if len(key) != KEY_BYTES:
        raise BadConfig(
            f"{path} is not a key of {KEY_BYTES} bytes. Restore it from a copy of the home, or "
            "remove it: then everybody gets another pseudonym from now on."
        )
    return key


def _make_key(path: Path) -> None:
    """Write a new key. Of several processes at once, the first one wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    handle = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)
