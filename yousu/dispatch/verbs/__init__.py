"""The verbs of 派: send, judge what units ask for, shelve and clear."""

from yousu.dispatch.verbs.judging import accept_return, grant_extension, refuse_extension, reject_return
from yousu.dispatch.verbs.sending import (
    call_consultation,
    conclude_consultation,
    dispatch,
    dispatch_parallel,
    force_assign,
    recall,
)
from yousu.dispatch.verbs.shelving import clear, shelve

__all__ = [
    "accept_return",
    "call_consultation",
    "clear",
    "conclude_consultation",
    "dispatch",
    "dispatch_parallel",
    "force_assign",
    "grant_extension",
    "recall",
    "refuse_extension",
    "reject_return",
    "shelve",
]
