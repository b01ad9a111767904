"""Files in a folder of an S3 store, through pyarrow's client, which is installed with pyarrow.

A file is there once all of its bytes are: an upload that breaks off leaves nothing under its name.
Keys are relative to the folder.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from pipelines.errors import ServiceFailed
from pipelines.files import durable_file
from pipelines.services.addresses import S3Folder

CONNECT_SECONDS = 5.0
REQUEST_SECONDS = 60.0
PIECE = 8 << 20
# By default pyarrow compresses what goes under a name such as x.zst, once more.
AS_IT_IS = None
FileVersion = tuple[int, int]
"""Size in bytes, and when it was written, in nanoseconds since 1970."""


class ObjectStore:
    """A folder of a bucket. Every method raises ServiceFailed where the store fails."""

    def __init__(self, folder: S3Folder) -> None:
        from pyarrow.fs import S3FileSystem

        self.folder = folder
        access = folder.access
        self._root = f"{folder.bucket}/{folder.prefix}"
        self._files = S3FileSystem(
            access_key=access.key_id,
            secret_key=access.secret,
            region=access.region,
            scheme="https" if access.is_secure else "http",
            endpoint_override=access.host,
            connect_timeout=CONNECT_SECONDS,
            request_timeout=REQUEST_SECONDS,
            allow_bucket_creation=False,
            background_writes=False,
        )

    def upload(self, path: Path, key: str) -> None:
        """Write a local file under a key, whole; return once the store has it."""
        with self._reported(), path.open("rb") as file:
            with self._files.open_output_stream(self._path(key), AS_IT_IS) as stream:
                shutil.copyfileobj(file, stream, PIECE)
            size = self._files.get_file_info(self._path(key)).size
        if size != path.stat().st_size:
            raise ServiceFailed(f"{self.folder.url}{key} has {size} bytes, not those of {path}.")

    def write(self, key: str, content: bytes) -> None:
        """Write a small file, whole."""
        with self._reported(), self._files.open_output_stream(self._path(key), AS_IT_IS) as stream:
            stream.write(content)

    def read(self, key: str) -> bytes | None:
        """Return the bytes of a small file, or None if there is no such file."""
        with self._reported():
            try:
                with self._files.open_input_stream(self._path(key), AS_IT_IS) as stream:
                    return bytes(stream.read())
            except FileNotFoundError:
                return None

    def download(self, key: str, path: Path) -> bool:
        """Write a file to a local path, durably; return False if there is no such file."""
        with self._reported():
            try:
                stream = self._files.open_input_stream(self._path(key), AS_IT_IS)
            except FileNotFoundError:
                return False
            with stream, durable_file(path) as file:
                shutil.copyfileobj(stream, file, PIECE)
        return True

    def move(self, key: str, new_key: str) -> None:
        """Copy a file to another key and remove it; one that is gone was moved before."""
        with self._reported():
            with suppress(FileNotFoundError):
                self._files.copy_file(self._path(key), self._path(new_key))
            self.remove(key)

    def remove(self, key: str) -> None:
        """Remove a file, if it is there."""
        with self._reported(), suppress(FileNotFoundError):
            self._files.delete_file(self._path(key))

    def size(self, key: str) -> int | None:
        """Return the size of a file in bytes, or None if there is no such file."""
        from pyarrow.fs import FileType

        with self._reported():
            info = self._files.get_file_info(self._path(key))
        return info.size if info.type == FileType.File else None

    def digest(self, key: str) -> str | None:
        """Return the SHA-256 of a file's bytes, or None if there is no such file."""
        with self._reported():
            try:
                with self._files.open_input_stream(self._path(key), AS_IT_IS) as stream:
                    digest = sha256()
                    while piece := stream.read(PIECE):
                        digest.update(piece)
            except FileNotFoundError:
                return None
        return digest.hexdigest()

    def list_keys(self, below: str = "") -> list[str]:
        """List the keys of all files below a folder, sorted."""
        return sorted(self.list_sizes(below))

    def list_sizes(self, below: str = "") -> dict[str, int]:
        """Return the size in bytes of each file below a folder, by key."""
        return {key: size for key, (size, _) in self.list_versions(below).items()}

    def list_versions(self, below: str = "") -> dict[str, FileVersion]:
        """Return size and time of change of each file below a folder, by key."""
        from pyarrow.fs import FileSelector, FileType

        top = self._path(below) if below else self._root
        with self._reported():
            selector = FileSelector(top, recursive=True, allow_not_found=True)
            found = self._files.get_file_info(selector)
        start = len(self._root) + 1
        return {
            info.path[start:]: (info.size, info.mtime_ns)
            for info in found
            if info.type == FileType.File
        }

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    @contextmanager
    def _reported(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError:
            raise
        except OSError as error:
            raise ServiceFailed(
                f"S3 did not do what it was asked at {self.folder.url} "
                f"({self._without_secrets(error)}). `tokentide doctor` says what is wrong."
            ) from None

    def _without_secrets(self, error: Exception) -> str:
        return hide(str(error), self.folder.access.secret, self.folder.access.key_id)


def hide(text: str, *secrets: str | None) -> str:
    """Return a text without these secrets."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    return text


def check_folder(folder: S3Folder, name: str, step: Callable[[str], None]) -> None:
    """Write, read, list and remove a file of this name; raise ServiceFailed where that fails.

    `step` is called with the name of each step before it.
    """
    store = ObjectStore(folder)
    content = name.encode()
    step("write")
    store.write(name, content)
    step("read")
    found = store.read(name)
    step("list")
    is_listed = name in store.list_keys()
    step("remove")
    store.remove(name)
    if found != content or not is_listed:
        raise ServiceFailed(f"{folder.url} does not give back at once what was written to it.")
