"""Which writer `--writer` names: the kit, offline, or a language model."""

from typing import TYPE_CHECKING

from generators.errors import UsageFault
from generators.lessons import kit
from generators.lessons.writer import OfflineWriter, Writer

if TYPE_CHECKING:
    from generators.lessons.model import ModelSettings


class UnknownWriter(UsageFault):
    pass


def writer_for(name: str, settings: "ModelSettings | None" = None) -> Writer:
    """The writer of a `--writer` option: "offline" or "llm:MODEL".

    Args:
        name: as given.
        settings: how a model is asked.

    Raises:
        UnknownWriter: no such writer, or the optional package it needs is not installed.
    """
    if name == kit.WRITER:
        return OfflineWriter()
    kind, _, model = name.partition(":")
    if kind == "llm" and model:
        # Imported here and nowhere else: a run offline must not depend on it, nor pay for loading it.
        from generators.lessons.model_writer import ModelWriter  # noqa: PLC0415

        return ModelWriter(model, settings)
    raise UnknownWriter(f"there is no writer “{name}”; use “offline” or “llm:MODEL”")
