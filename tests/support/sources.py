"""Sources that tests of the client request by name: one without a key, one of the Data API."""

from pipelines.sources.openrouter import apps, catalogue

MODELS, APPS = catalogue.SOURCE, apps.SOURCE
