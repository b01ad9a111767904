"""What the stand-in refuses, in the words the real service uses.

Refused
├── BadRequest    400, a parameter breaks a rule
├── Unauthorized  401, no key or an unknown one
├── NotFound      404, nothing lies at this address
└── TooMany       429, a quota is spent

BadFault is raised for the person who writes the faults, not for the client.
"""

from collections.abc import Mapping

Json = dict[str, object]


class ApiError(Exception):
    """The request gets an error answer instead of data."""

    status = 500

    def __init__(self, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.headers = dict(headers or {})

    def body(self) -> Json:
        """The JSON the service sends with this status."""
        return {"error": {"message": self.message, "code": self.status}}


class InvalidRequest(ApiError):
    """A parameter is malformed, out of range or does not go with another."""

    status = 400

    def body(self) -> Json:
        """The long form of the specification, whose optional keys are present and null."""
        error = {"code": self.status, "message": self.message, "metadata": None}
        return {"error": error, "user_id": None, "openrouter_metadata": None}


class InvalidChoice(InvalidRequest):
    """A catalogue filter has an unknown value; this family answers with a validator's report and no numeric code."""

    def body(self) -> Json:
        """The report is a JSON array inside a string, as seen on `/models?output_modalities=x`."""
        return {"success": False, "error": {"name": "ZodError", "message": self.message}}


class Unauthorized(ApiError):
    """The request carries no key, or one nobody has."""

    status = 401


class NotFound(ApiError):
    """The address names nothing that is published."""

    status = 404

    def __init__(self, message: str = "Not Found") -> None:
        super().__init__(message)

    def body(self) -> Json:
        """The code comes first here, as in the recordings of this answer."""
        return {"error": {"code": self.status, "message": self.message}}


class TooManyRequests(ApiError):
    """A quota is spent; the headers say when it refills."""

    status = 429


class InvalidFault(ValueError):
    """A fault names an unknown kind or carries an unreadable field."""


class SimulatorError(Exception):
    """The simulator cannot start as it was set up; its text says how to set it up."""


class NoRecordings(SimulatorError):
    """The folder holds no recorded answer, so there is nothing to replay."""


class UnknownMode(SimulatorError):
    """The simulator has no such mode, or the mode lacks what it needs."""
