from worker.errors import WorkerError


class StandInError(WorkerError):
    """The local database cannot be made or started; the message says what to change."""

    exit_code = 3
