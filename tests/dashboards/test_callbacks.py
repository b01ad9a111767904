"""Callbacks of the frame: anybody may call them, and what they get back is a page or nothing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.dashboard.browser import dashboard
from support.published import MARTS, published

from dashboards.callbacks import BodyRequest
from dashboards.components.theme import Theme
from dashboards.pages import PAGES
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

SHARES = Path(__file__).with_name("shares.sql").read_text()
SHOWN = {
    "path": "/market",
    "generation": 1,
    "scheme": "light",
    "search": "",
    "whole": "w",
    "before": None,
}
VALUES = {
    "path": "/market",
    "search": "?basis=top50",
    "generation": 1,
    "scheme": "dark",
    "shown": SHOWN,
    "seen": [2, 1, 1],
}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a dashboard on a generation that has shares."""
    settings = Settings(home=tmp_path_factory.mktemp("callbacks") / "home")
    published(settings, f"{MARTS}; {SHARES}")
    with dashboard(settings.published / NEWEST) as url:
        yield url


def call(url: str, of: str, **values: object) -> httpx.Response:
    """Send what a browser would send to the callback of this output, or else of this input."""
    every = httpx.get(f"{url}/_dash-dependencies").json()
    ours = [each for each in every if each["clientside_function"] is None]
    by_output = [each for each in ours if of in each["output"]]
    by_input = [each for each in ours if of in [name_of(given) for given in each["inputs"]]]
    [found] = by_output or by_input
    names = [name.rpartition(".") for name in found["output"].strip(".").split("...")]
    outputs: Any = [{"id": name, "property": kind} for name, _, kind in names]
    if not found["output"].startswith(".."):
        # A callback with one output sends it alone; one without any has a hash for a name.
        outputs = outputs[0] if by_output else []
    sent = {"output": found["output"], "outputs": outputs, "changedPropIds": []}
    for part in ("inputs", "state"):
        sent[part] = [
            {
                **given,
                "value": values.get(f"{given['id']}_{given['property']}", values.get(given["id"])),
            }
            for given in found[part]
        ]
    return httpx.post(f"{url}/_dash-update-component", json=sent)


def name_of(given: dict[str, Any]) -> str:
    return f"{given['id']}.{given['property']}"


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "x",
        [],
        {"path": "/market"},
        SHOWN,
        SHOWN | {"scheme": "<b>"},
        SHOWN | {"generation": "../../x"},
        SHOWN | {"path": ["/market"]},
    ],
)
@pytest.mark.parametrize("places", [None, "x", {"0": 1}, [0, 0, -1, 10**30, "1", None, [2]]])
def test_whatever_a_browser_shows_or_sees_it_gets_no_trace(
    url: str, shown: object, places: object
) -> None:
    """Cards only for a page that ours sent; a path is never made of what it says."""
    filled = call(url, "wanted.data", wanted=places, shown=shown)
    assert filled.status_code in (200, 204)
    is_ours = shown == SHOWN and isinstance(places, list)
    assert ("card-share" in filled.text) == is_ours
    body = call(
        url,
        "body.children",
        url_pathname="/market",
        url_search="?basis=top50",
        generation="../../x",
        scheme="light",
        shown=shown,
        seen=places,
    )
    assert body.status_code == 200
    assert body.json()


@pytest.mark.parametrize("path", [None, "", "/", ["/market"], {"a": 1}, 7])
def test_no_path_is_the_first_page(url: str, path: object) -> None:
    response = call(url, "page-head.children", url_pathname=path, url_search=None)
    assert response.status_code == 200
    assert PAGES[0].about in response.text


@pytest.mark.parametrize("path", ["/nothing", "/../etc", "/market.html"])
def test_an_unknown_path_has_a_head_that_says_so(url: str, path: str) -> None:
    response = call(url, "page-head.children", url_pathname=path, url_search=None)
    assert response.json()["response"]["page-title"]["data"] == "No such page"
    assert PAGES[0].about not in response.text


def test_the_answer_to_an_unknown_address_is_a_404(url: str) -> None:
    """The frame comes with it and says what there is."""
    assert httpx.get(f"{url}/nothing").status_code == 404
    assert [httpx.get(f"{url}{page.path}").status_code for page in PAGES] == [200] * len(PAGES)


def test_the_title_is_the_pages_name(url: str) -> None:
    response = call(url, "page-head.children", url_pathname="/metal", url_search="")
    assert response.json()["response"]["page-title"]["data"] == "Market and metal"


def test_an_unknown_choice_is_what_its_control_shows(url: str) -> None:
    """Not the default, which nobody chose."""
    response = call(url, "page-head.children", url_pathname="/market", url_search="?basis=top5")
    assert "top5 (unknown)" in response.text


def test_the_head_has_the_controls_with_their_choices(url: str) -> None:
    response = call(url, "page-head.children", url_pathname="/market", url_search="?basis=top50")
    controls = response.json()["response"]["controls"]["children"]
    values = {
        part["props"]["id"]["name"]: part["props"]["value"]
        for control in controls
        for part in [control, *flatten(control["props"].get("children"))]
        if isinstance(part, dict) and isinstance(part["props"].get("id"), dict)
    }
    assert (values["basis"], values["view"], values["one"]) == ("top50", "stacked", "weights:open")


def flatten(children: Any) -> list[Any]:
    return children if isinstance(children, list) else [children]


def test_a_hidden_control_is_not_drawn(url: str) -> None:
    response = call(url, "page-head.children", url_pathname="/sql", url_search="?q=select+1")
    assert response.json()["response"]["controls"]["children"] == []


def test_a_first_body_names_its_generation(url: str) -> None:
    made = call(url, "body.children", url_pathname="/market", url_search="", generation=1).json()
    response = made["response"]
    assert response["shown"]["data"] == {
        "path": "/market",
        "generation": 1,
        "scheme": "light",
        "search": "",
        "whole": "('/market', 1, 'light', '')",
        "before": None,
    }
    assert response["facts"]["children"]["props"]["data-generation"] == "1"
    assert response["banner"]["children"]["props"]["children"][0]["props"]["className"] == (
        "banner stale"
    )


def test_a_choice_changes_cells_and_not_the_body(url: str) -> None:
    shown = SHOWN | {"whole": "('/market', 1, 'light', '')"}
    made = call(
        url,
        "body.children",
        url_pathname="/market",
        url_search="?basis=top50",
        generation=1,
        scheme="light",
        shown=shown,
        seen=[0, 1],
    ).json()
    assert "body" not in made.get("response", {})
    updates = made["sideUpdate"]
    assert updates["shown"]["data"]["before"] == ""
    assert any('"place":0' in name for name in updates)


def test_the_clock_is_silent_until_a_generation_is_new(url: str) -> None:
    same = call(url, "generation.data", clock=1, generation=1)
    assert same.json()["response"] == {}
    new = call(url, "generation.data", clock=1, generation=0)
    assert new.json()["response"]["generation"]["data"] == 1


def test_a_request_is_read_into_values_that_can_be_trusted() -> None:
    asked = BodyRequest.parse(VALUES)
    assert (asked.page.path, asked.search, asked.theme) == (
        "/market",
        "?basis=top50",
        Theme("dark"),
    )
    assert asked.shown
    assert asked.shown.whole == "w"
    assert asked.seen == [1, 2]


def test_a_request_of_nonsense_is_the_first_page() -> None:
    nonsense: dict[str, object] = {name: {"a": 1} for name in VALUES}
    asked = BodyRequest.parse(nonsense | {"search": None})
    assert (asked.page, asked.search, asked.shown, asked.seen) == (PAGES[0], "", None, [])
    assert asked.theme == Theme("light")
