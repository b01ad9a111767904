"""Pseudonyms of a home, whose key its servers share."""

from models.errors import BadConfig
from models.server.access.callers import Pseudonyms, ShownNames
from pipelines.errors import BadSetting
from pipelines.settings import Settings


def read_pseudonyms(settings: Settings, shown: ShownNames = "none") -> Pseudonyms:
    """Return the pseudonyms of a home; raise BadSetting if its key cannot be read or made."""
    try:
        return Pseudonyms.of_home(settings.home, shown)
    except BadConfig as error:
        raise BadSetting(str(error)) from error
