"""The hosts that are asked: an address, the setting that names it, and a key of that host alone."""

from dataclasses import dataclass, field

from pipelines.settings import Settings
from pipelines.sources.client.redirects import Redirects


@dataclass(frozen=True)
class Upstream:
    """A host with its address. The key goes to this address and to no other."""

    title: str
    setting: str
    base: str
    key: str | None = field(default=None, repr=False)
    # A host of files may name another one, which has the bytes. Never "any" of one with a key.
    redirects: Redirects = "none"
    # Below this path the host answers 401 for what it does not have, as for what it hides.
    hides_below: str | None = None
    per_minute: int = 30


def openrouter(settings: Settings) -> Upstream:
    """Return OpenRouter's API, the one upstream with a key."""
    return Upstream(
        "OpenRouter", "TOKENTIDE_OPENROUTER_URL", settings.openrouter_url, settings.openrouter_key
    )


def price_archive(settings: Settings) -> Upstream:
    """Return the host of the archives of prices, which are files of public repositories."""
    return Upstream("The price archive", "TOKENTIDE_PRICE_ARCHIVE_URL", settings.price_archive_url)


def models_dev(settings: Settings) -> Upstream:
    """Return the host of models.dev, whose list of prices is a file of its site."""
    return Upstream("models.dev", "TOKENTIDE_MODELS_DEV_URL", settings.models_dev_url)


def region_list(settings: Settings) -> Upstream:
    """Return the host of the list of labs' regions, a file of a public repository like those."""
    return Upstream(
        "The list of regions", "TOKENTIDE_PRICE_ARCHIVE_URL", settings.price_archive_url
    )


def arena(settings: Settings) -> Upstream:
    """Return the host of Arena's data set; it names the one that stores the files."""
    return Upstream("Arena", "TOKENTIDE_ARENA_URL", settings.arena_url, redirects="any")


def epoch(settings: Settings) -> Upstream:
    """Return the host of Epoch AI's index and tables."""
    return Upstream("Epoch AI", "TOKENTIDE_EPOCH_URL", settings.epoch_url)


def hub(settings: Settings) -> Upstream:
    """Return the Hugging Face Hub, which answers without a key."""
    return Upstream(
        "The Hugging Face Hub",
        "TOKENTIDE_HUB_URL",
        settings.hub_url,
        # A former name of a repository leads to its name of today.
        redirects="own host",
        hides_below="/api/models/",
        # Without a token it allows 500 requests in five minutes.
        per_minute=90,
    )
