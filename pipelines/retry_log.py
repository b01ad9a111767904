"""The log of retries, which stamina makes for requests and deliveries."""

import logging

import stamina

log = logging.getLogger(__name__)


def log_retries() -> None:
    """Log retries as ours. stamina itself may print to standard output, where a program reads JSON.

    A module that uses stamina calls this when it is imported.
    """
    stamina.instrumentation.set_on_retry_hooks([_log_retry])


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    log.info("%s Asking again in %.1f s.", details.caused_by, details.wait_for)
