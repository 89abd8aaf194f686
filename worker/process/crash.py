"""The last words about an exception that nobody foresaw.

Its message may hold anything: the connection string that a library could not read, the payload that a function choked
on. A traceback prints the messages of the whole chain. So only this is written: where it happened and of which kinds
the exceptions are, which is what a report of the fault needs; never what they say.
"""

import traceback
from collections.abc import Iterator
from itertools import islice

from worker.logs import configure_logs, get_log

DEEPEST_CHAIN = 5


def tell_crash(error: BaseException) -> None:
    """Log where `error` was raised, and what caused it, without a word of what any of them says."""
    configure_logs()
    chain = list(islice(_chain(error), DEEPEST_CHAIN))
    get_log().error(
        "worker.crashed",
        error=" from ".join(type(one).__qualname__ for one in chain),
        where=[
            f"{frame.f_code.co_filename}:{line} {frame.f_code.co_qualname}"
            for frame, line in traceback.walk_tb(chain[0].__traceback__)
        ],
        remedy="nothing is lost and nothing half-applied; start it again, and report these lines if it comes back",
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    one: BaseException | None = error
    while one is not None:
        yield one
        one = one.__cause__ or (None if one.__suppress_context__ else one.__context__)
