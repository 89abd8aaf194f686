"""What can go wrong in the worker.

WorkerError
└── StandInError       the local database cannot be made or started
"""


class WorkerError(Exception):
    """Base of the worker's errors; the message says what happened and what to do."""

    exit_code = 1
