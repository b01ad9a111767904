"""Redirects: followed a few times where a host may redirect, never from HTTPS to plain HTTP."""

from typing import Literal

import httpx

MAX_REDIRECTS = 3
Redirects = Literal["none", "own host", "any"]
"""Redirects that are followed: none, those to the host that was asked, or those to any host."""


def send(http: httpx.Client, request: httpx.Request, *, followed: Redirects) -> httpx.Response:
    """Send a request, and where it may be those that its answers name; stream the last answer.

    A redirect that is not followed is an answer like any other, and is refused by its status.
    """
    response = http.send(request, stream=True)
    for _ in range(0 if followed == "none" else MAX_REDIRECTS):
        following = response.next_request
        if following is None or following.url.scheme not in (request.url.scheme, "https"):
            break
        if followed == "own host" and following.url.netloc != request.url.netloc:
            break
        response.close()
        response = http.send(following, stream=True)
    return response
