"""Requests that are not taken as they are. They become answers, and never end the receiver."""


class BadPush(Exception):
    """A body that is not what its header says; sending it again would not help."""

    status = 400


class PushTooLarge(BadPush):
    """A body or a message above the limits."""

    status = 413


class UnknownMedia(BadPush):
    """A content type or an encoding that is not known here."""

    status = 415


class NoRoom(Exception):
    """A time at which nothing can be kept: the sender should send it again later."""
