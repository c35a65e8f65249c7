"""The few ways things go wrong for a user. Each message is one zh-CN sentence that says what to do.

Client and library errors are turned into these where the library is called; the command line prints the
sentence and exits with `exit_code`, the web application answers with `http_status`.
"""

from __future__ import annotations


class TingzhenError(Exception):
    """Base of all: something a user or operator can act on."""

    exit_code = 1
    http_status = 500


class ConfigError(TingzhenError):
    """A setting, clinic or source table is wrong; names the file and the key."""

    exit_code = 2
    http_status = 500


class QueryError(TingzhenError):
    """A search that cannot be understood; names the part."""

    exit_code = 2
    http_status = 400


class InputError(TingzhenError):
    """A file that cannot be read as a whole; names it."""

    exit_code = 3
    http_status = 400


class ConflictError(TingzhenError):
    """Somebody else changed the same thing meanwhile; says who changed what when, of a lead: which."""

    exit_code = 1
    http_status = 409

    def __init__(self, sentence: str, *, lead_id: str = "") -> None:
        super().__init__(sentence)
        self.lead_id = lead_id


class RightsError(TingzhenError):
    """A change of users or their rights that cannot be made; says why."""

    exit_code = 2
    http_status = 400


class SignInError(TingzhenError):
    """Somebody could not be let in by the house's identity provider; says what to do."""

    exit_code = 2
    http_status = 403


class StorageError(TingzhenError):
    """The index or the data folder cannot be read or written."""

    exit_code = 4
    http_status = 503


class BusyError(TingzhenError):
    """Another process does the same work; trying again later is all it takes."""

    exit_code = 4
    http_status = 409


class CrowdError(TingzhenError):
    """Too many ask for something costly at once; trying again in a few seconds is all it takes."""

    exit_code = 4
    http_status = 503
