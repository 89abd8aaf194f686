from generators.errors import UsageFault
from generators.writers.offline import OfflineWriter
from generators.writers.writer import Writer


class UnknownWriter(UsageFault):
    pass


def writer_for(name: str) -> Writer:
    """The writer of a `--writer` option: "offline" or "llm:MODEL".

    Raises:
        UnknownWriter: no such writer, or the optional package it needs is not installed.
    """
    if name == "offline":
        return OfflineWriter()
    kind, _, model = name.partition(":")
    if kind == "llm" and model:
        # Imported here and nowhere else: a run offline must not depend on it, nor pay for loading it.
        from generators.writers.llm_writer import LlmWriter  # noqa: PLC0415

        return LlmWriter(model)
    raise UnknownWriter(f"there is no writer “{name}”; use “offline” or “llm:MODEL”")
