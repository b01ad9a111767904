"""Routes of the claims pages: the evidence of a claim as a zip file, and keeping a new claim."""

import re
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask, Response, redirect, request, send_file

from dashboards.components.filters import parse_search
from dashboards.statements.actions import ActionRefusedError, ClaimActions
from dashboards.statements.comparison import (
    BadComparisonError,
    Comparison,
    SavedClaim,
    propose_id,
)

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,59}(:[a-z0-9_]{1,60})?")
RETRY_SECONDS = "10"


def add_claim_routes(server: Flask, actions: ClaimActions) -> None:
    """Serve `GET /download/evidence.zip?claim=…` and `POST /claims/save?above=…`."""
    # A bundle reads the archive and may take a minute, so one is made at a time.
    turn = threading.Lock()

    @server.get("/download/evidence.zip")
    def download_evidence() -> Response:
        name = parse_search(request.query_string.decode(errors="replace")).get("claim", "")
        # A bundle costs seconds of a processor, so no other page may have one made.
        if request.headers.get("Sec-Fetch-Site") == "cross-site":
            return _text("Ask for the evidence on the page of the claim.", 403)
        if not NAME.fullmatch(name):
            return _text("Name a claim, as its page does.", 404)
        if not turn.acquire(blocking=False):
            busy = _text("Another bundle is being made. Try again in a moment.", 503)
            busy.headers["Retry-After"] = RETRY_SECONDS
            return busy
        try:
            return _send(actions, name)
        except ActionRefusedError as error:
            return _text(str(error), 409)
        finally:
            turn.release()

    @server.post("/claims/save")
    def save_claim() -> Response:
        given = parse_search(request.query_string.decode(errors="replace"))
        try:
            comparison = Comparison.read(given)
            claim = SavedClaim(claim_id=propose_id(comparison), comparison=comparison)
            actions.save(claim)
        except KeyError as error:
            return _text(f"A claim needs {error.args[0]!r}. Make it on the page New claim.", 400)
        except BadComparisonError as error:
            return _text(str(error), 400)
        except ActionRefusedError as error:
            return _text(str(error), 409)
        return redirect(f"/claims?{urlencode({'claim': claim.claim_id})}", 303)  # type: ignore[return-value]


def _send(actions: ClaimActions, name: str) -> Response:
    """Return a bundle. The file stays readable after its folder is gone."""
    with tempfile.TemporaryDirectory() as folder:
        made = actions.make_evidence(name, Path(folder))
        file = made.open("rb")
    return send_file(
        file,
        mimetype="application/zip",
        as_attachment=True,
        download_name=f"tokentide-{name.replace(':', '-').replace('_', '-')}.zip",
    )


def _text(text: str, status: int) -> Response:
    return Response(f"{text}\n", status, mimetype="text/plain")
