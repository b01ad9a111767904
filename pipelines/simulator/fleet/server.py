"""The simulated fleet over HTTP: a list of targets, a metrics page for each, and the truth."""

import time
from collections.abc import Callable
from dataclasses import asdict

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from pipelines.simulator.fleet.pages import device_page, metrics_page
from pipelines.simulator.fleet.plan import FleetPlan

NOT_FOUND, UNAVAILABLE = 404, 503


def create_fleet_app(plan: FleetPlan, now: Callable[[], float] = time.time) -> Starlette:
    """Make the application; counters begin when it is made. `now` gives seconds since 1970."""
    started = now()
    targets = {target.name: target for target in plan.targets}

    def list_targets(request: Request) -> Response:
        """Return the list in the form of Prometheus' http_sd."""
        place = request.url.netloc
        return JSONResponse(
            [
                {
                    "targets": [place],
                    "labels": {
                        "name": target.name,
                        "devices": str(target.devices),
                        "__metrics_path__": f"/t/{target.name}/metrics",
                    },
                }
                for target in plan.targets
            ]
        )

    def page(request: Request) -> Response:
        target = targets.get(request.path_params["name"])
        if target is None:
            return PlainTextResponse("no such target\n", NOT_FOUND)
        if target.is_down:
            return PlainTextResponse("down\n", UNAVAILABLE)
        return PlainTextResponse(metrics_page(plan, target, started, now()))

    def exporter(request: Request) -> Response:
        target = targets.get(request.path_params["name"])
        if target is None or target.is_down:
            return PlainTextResponse("not here\n", NOT_FOUND)
        return PlainTextResponse(device_page(plan, target))

    def truth(_: Request) -> Response:
        return JSONResponse({"plan": asdict(plan), "truth": asdict(plan.truth())})

    return Starlette(
        routes=[
            Route("/targets", list_targets),
            Route("/t/{name}/metrics", page),
            Route("/d/{name}/metrics", exporter),
            Route("/truth", truth),
        ]
    )
