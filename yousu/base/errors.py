"""The one error a person meets: a sentence that says why, and what is open instead."""

from __future__ import annotations

from collections.abc import Sequence


class Refused(Exception):
    """A verb, an import or a form that cannot go on.

    ``message`` is a Chinese sentence for the person; ``field`` names the input it belongs to; ``code`` is stable for
    programs (``forbidden``, ``state``, ``invalid``, ``not_found``, ``conflict``, ``too_large``); ``open`` lists what that
    person may do instead, as labels.
    """

    def __init__(self, message: str, *, field: str = "", code: str = "invalid", open: Sequence[str] = ()) -> None:  # noqa: A002
        super().__init__(message)
        self.message = message
        self.field = field
        self.code = code
        self.open = list(open)
