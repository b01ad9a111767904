"""A simulated API server of Kubernetes: lists of pods in pieces, by namespace and labels."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pipelines.simulator.api.serve import serve_in_thread

PodObject = dict[str, Any]


@dataclass
class KubernetesApi:
    """The cluster's pods, and the token that may list them."""

    pods: list[PodObject] = field(default_factory=list)
    token: str = "t0ken"
    url: str = ""
    requests: list[str] = field(default_factory=list)
    max_pieces: int = 2  # pods in one piece, whatever the limit of the request

    def respond(self, request: Request) -> Response:
        """List the pods that are asked for, as the API server does."""
        self.requests.append(str(request.url))
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return self._refuse(401, "Unauthorized")
        namespace = request.path_params.get("namespace")
        if namespace == "forbidden":
            return self._refuse(403, "pods is forbidden")
        query = request.query_params
        wanted = dict(each.split("=") for each in query.get("labelSelector", "").split(",") if each)
        found = [
            pod
            for pod in self.pods
            if namespace in {None, pod["metadata"]["namespace"]}
            and wanted.items() <= pod["metadata"].get("labels", {}).items()
            and query.get("fieldSelector") == f"status.phase={pod['status']['phase']}"
        ]
        start = int(query.get("continue") or 0)
        end = start + min(int(query["limit"]), self.max_pieces)
        metadata = {"resourceVersion": "1"} | ({"continue": str(end)} if end < len(found) else {})
        body = {"kind": "PodList", "apiVersion": "v1", "metadata": metadata}
        return JSONResponse(body | {"items": found[start:end]})

    def _refuse(self, status: int, message: str) -> Response:
        body = {"kind": "Status", "status": "Failure", "message": message, "code": status}
        return JSONResponse(body, status)


def make_pod(name: str, ip: str | None, namespace: str = "llm", **more: Any) -> PodObject:
    """Make a pod with one container and its port 8000."""
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "labels": {"app": "vllm", "app.kubernetes.io/name": "chat"},
            "annotations": more.get("annotations"),
            "ownerReferences": [{"kind": "ReplicaSet", "name": "chat", "controller": True}],
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [
                {
                    "name": "server",
                    "image": "vllm/vllm-openai:v0.11.0",
                    "ports": more.get("ports", [{"containerPort": 8000, "name": "http"}]),
                }
            ],
        },
        "status": {
            "phase": more.get("phase", "Running"),
            "hostIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            **({"podIP": ip} if ip else {}),
        },
    }


@contextmanager
def kubernetes_api(*pods: PodObject) -> Iterator[KubernetesApi]:
    """Serve these pods while the `with` lasts."""
    api = KubernetesApi(list(pods))

    async def endpoint(request: Request) -> Response:
        return api.respond(request)

    routes = [
        Route("/api/v1/pods", endpoint),
        Route("/api/v1/namespaces/{namespace}/pods", endpoint),
    ]
    with serve_in_thread(Starlette(routes=routes)) as url:
        api.url = url.removesuffix("/api/v1")
        yield api
