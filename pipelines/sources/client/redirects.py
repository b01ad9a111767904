"""Redirects of hosts of files: followed a few times, never from HTTPS to plain HTTP."""

import httpx

MAX_REDIRECTS = 3


def send(http: httpx.Client, request: httpx.Request, *, is_followed: bool) -> httpx.Response:
    """Send a request, and where it may be those that its answers name; stream the last answer.

    A redirect that is not followed is an answer like any other, and is refused by its status.
    """
    response = http.send(request, stream=True)
    for _ in range(MAX_REDIRECTS if is_followed else 0):
        following = response.next_request
        if following is None or following.url.scheme not in (request.url.scheme, "https"):
            break
        response.close()
        response = http.send(following, stream=True)
    return response
