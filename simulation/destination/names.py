"""Which of the worker's statements a text is."""

from worker.queries import query, statements

_NAMES = {
    query(file, name): f"{file}.{name}" for file in ("relay", "projection", "verify") for name in statements(file)
}


def name_of(text: str) -> str:
    """Return the name of a statement; those without one are their own.

    Raises:
        KeyError: it is not one of the worker's.
    """
    return text if text in {"select 1", "begin", "commit"} or text.startswith("begin ") else _NAMES[text]
