"""Reading of one list of targets, bounded in size and time, whatever kind it is."""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import aiohttp

from pipelines.errors import BadSetting, DiscoveryFailed
from pipelines.telemetry.collector.scraping import (
    ScrapeFailed,
    fetch_page,
    make_client,
    make_context,
)
from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.discovery import kubernetes_pods, prometheus_targets, target_groups
from pipelines.telemetry.discovery.label_sets import MAX_LISTED, LabelMap

MAX_SECONDS = 10.0  # for one response
MAX_TOKEN = 16_384  # bytes
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
API_SERVER = "https://kubernetes.default.svc"
ALL_NAMESPACES = "*"
REASONS = {
    "timeout": "did not respond in time. Look at its load and at the network.",
    "refused": "refuses connections. Check the address, and that it runs.",
    "unknown_host": "has a name that nobody knows. Check the address.",
    "certificate": "has a certificate that is not trusted. Name its authority in ca_file.",
    "tls": "does not speak TLS as we do. Check that the address should begin with https.",
    "broken_off": "broke off its response. The next attempt may work; look at its log.",
    "too_large": "responds with more than 16 MiB. Narrow the list.",
    "html": "responds with a web page. Check the path of the address.",
    "status_401": "wants to know who asks. Name a variable with a valid token under headers.",
    "status_403": "forbids it. A service account needs the verb list on pods; a token, its rights.",
    "status_404": "has nothing there. Check the path of the address, and the namespace.",
    "status_410": "lost the rest of the list. The next attempt may work.",
}


@dataclass(frozen=True)
class ApiServer:
    """The way to the API server of Kubernetes."""

    url: str
    token_file: Path | None
    ca_file: Path | None
    namespace: str | None  # None for all


def find_api_server(discover: Discover, account: Path = SERVICE_ACCOUNT) -> ApiServer:
    """Return what the tier file says; without a url, what a pod knows of the cluster around it."""
    namespace = None if discover.namespace == ALL_NAMESPACES else discover.namespace
    if discover.url:
        url = discover.url.rstrip("/")
        return ApiServer(url, discover.token_file, discover.ca_file, namespace)
    if not (account / "token").exists():
        raise DiscoveryFailed(
            f"discover {discover.name} has no url, and {account} is not there, as it is in a pod. "
            "Give the address of the API server in url."
        )
    if discover.namespace is None:
        with suppress(OSError):
            namespace = (account / "namespace").read_text(encoding="utf-8").strip() or None
    return ApiServer(
        API_SERVER,
        discover.token_file or account / "token",
        discover.ca_file or account / "ca.crt",
        namespace,
    )


class ListReader:
    """Reads the list of one `[[discover]]` again and again, over one client."""

    def __init__(
        self,
        discover: Discover,
        headers: Mapping[str, str],
        account: Path = SERVICE_ACCOUNT,
        seconds: float = MAX_SECONDS,
    ) -> None:
        self._discover = discover
        self._headers = headers
        self._account = account
        self._seconds = seconds
        self._client: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "ListReader":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._client:
            await self._client.close()

    async def read(self) -> list[LabelMap]:
        """Return the labels of each target on the list; raise DiscoveryFailed with the reason."""
        discover = self._discover
        if discover.kind == "file_sd" and discover.file:
            return await asyncio.to_thread(target_groups.read_files, discover.file)
        if discover.kind == "kubernetes":
            return await self._read_pods()
        url = discover.url or ""
        if discover.kind == "prometheus":
            url = url.rstrip("/") + prometheus_targets.PAGE
            content = await self._fetch(url, discover.ca_file, {})
            listed = await asyncio.to_thread(prometheus_targets.parse_targets, content, url)
        else:
            content = await self._fetch(url, discover.ca_file, {})
            listed = await asyncio.to_thread(target_groups.parse_groups, content, url)
        return _bounded(listed, url)

    async def _read_pods(self) -> list[LabelMap]:
        server = find_api_server(self._discover, self._account)
        listed: list[LabelMap] = []
        next_piece: str | None = None
        while True:
            # It is read again each time: a pod's token is replaced while the pod runs.
            headers = _bearer(server.token_file) if server.token_file else {}
            path = kubernetes_pods.pods_path(server.namespace, self._discover.selector, next_piece)
            content = await self._fetch(server.url + path, server.ca_file, headers)
            pods = await asyncio.to_thread(kubernetes_pods.parse_pods, content, server.url)
            listed += [
                each for pod in pods.items or [] for each in kubernetes_pods.pod_targets(pod)
            ]
            _bounded(listed, server.url)
            if not (next_piece := pods.metadata.next_piece) or not pods.items:
                return listed

    async def _fetch(self, url: str, ca_file: Path | None, headers: Mapping[str, str]) -> bytes:
        client = await self._find_client(ca_file)
        client.headers.update(headers)
        try:
            return await fetch_page(client, url, self._seconds)
        except ScrapeFailed as error:
            reason = REASONS.get(error.reason, f"responds with {error.reason}. Look at its log.")
            raise DiscoveryFailed(f"{url.partition('?')[0]} {reason}") from error

    async def _find_client(self, ca_file: Path | None) -> aiohttp.ClientSession:
        if self._client is None:
            try:
                context: ssl.SSLContext = await asyncio.to_thread(make_context, ca_file)
            except BadSetting as error:
                raise DiscoveryFailed(str(error)) from error
            seconds = round(self._discover.refresh_seconds)
            expected = {
                "Accept": "application/json",
                "X-Prometheus-Refresh-Interval-Seconds": str(seconds),
            }
            self._client = make_client({**expected, **self._headers}, context)
        return self._client


def _bearer(file: Path) -> dict[str, str]:
    try:
        with file.open(encoding="ascii") as opened:
            token = opened.read(MAX_TOKEN).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise DiscoveryFailed(
            f"token_file {file} cannot be read. Name the file of a service account's token."
        ) from error
    if not token or not token.isprintable():
        raise DiscoveryFailed(f"token_file {file} holds no token.")
    return {"Authorization": f"Bearer {token}"}


def _bounded(listed: list[LabelMap], place: str) -> list[LabelMap]:
    if len(listed) > MAX_LISTED:
        raise DiscoveryFailed(
            f"{place} lists more than {MAX_LISTED} targets. Narrow it with a selector, or split it "
            "over several collectors."
        )
    return listed
