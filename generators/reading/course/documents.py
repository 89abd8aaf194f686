"""The documents that stand for the whole course, and what the other files are."""

import re
from pathlib import PurePosixPath

from generators.languages import fold
from generators.reading.course.tree import MARKDOWN_SUFFIXES, YAML_SUFFIXES
from generators.reading.course.words import look_alike

_BRIEF_NAME = re.compile(r"^(?:course[-_ ]?brief|brief(?:ing)?)(?:[-_ .].*)?$")
_NOT_A_BRIEF = re.compile(
    r"report|relatorio|template|modelo|valida|checklist|exemplo|example|analis|status|backup|resumo"
)
_CURRICULUM_NAME = re.compile(
    r"curricul|curricular|grade|ementa|syllabus|modules|modulos|estrutura|course[-_ ]?structure|^course$|^curso$"
)
_OUTLINE_NAME = re.compile(r"^(?:course[-_ ]?outline|outline|ementa.*|syllabus)$")
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("transcript", re.compile(r"transcri\w*|legendas?|subtitles")),
    ("source", re.compile(r"sources?|fontes?|raw|referenc\w*")),
    (
        "assessment",
        re.compile(r"assessments?|avaliac\w*|quiz\w*|provas?|rubric\w*|final[-_ ]project|projeto[-_ ]final"),
    ),
    ("research", re.compile(r"research|pesquisas?")),
    ("script", re.compile(r"roteiros?|scripts?")),
    ("mindmap", re.compile(r"mind[-_ ]?maps?|mapas?[-_ ]?menta\w*")),
    ("resource", re.compile(r"resources?|recursos|templates?|modelos|materia\w*|checklists?|guias?|anexos?|prompts?")),
    ("report", re.compile(r"reports?|relatorios?|valida\w*|status|progress\w*|qa|analis\w*|generation\w*")),
)
_SUBTITLE_SUFFIXES = frozenset({".vtt", ".srt"})
_TOP_DEPTH = 2


def brief_candidates(files: tuple[PurePosixPath, ...]) -> list[PurePosixPath]:
    """Files that may be the brief, the likeliest first: by name, near the top of the folder."""
    found = [
        path
        for path in files
        if path.suffix.casefold() in MARKDOWN_SUFFIXES
        and len(path.parts) <= _TOP_DEPTH
        and not _is_aside(path)
        and _BRIEF_NAME.match(fold(path.stem))
        and not _NOT_A_BRIEF.search(fold(path.stem))
    ]
    return sorted(
        found, key=lambda path: (len(path.parts), not fold(path.stem).startswith("course"), len(path.stem), path)
    )


def curriculum_candidates(files: tuple[PurePosixPath, ...]) -> list[PurePosixPath]:
    """Files that may be the curriculum, the likeliest first."""
    found = [
        path
        for path in files
        if path.suffix.casefold() in YAML_SUFFIXES
        and not _is_aside(path)
        and len(path.parts) <= _TOP_DEPTH
        and _CURRICULUM_NAME.search(fold(path.stem))
    ]
    return sorted(found, key=lambda path: (len(path.parts), len(path.stem), path))


def _is_aside(path: PurePosixPath) -> bool:
    """Whether a file lies where forms and examples are kept."""
    return any(look_alike(part, folder=True) in {"template", "example", "theme", "test"} for part in path.parent.parts)


def is_outline(path: PurePosixPath) -> bool:
    """Whether a file is the written outline of the course."""
    return (
        len(path.parts) == 1
        and path.suffix.casefold() in MARKDOWN_SUFFIXES
        and _OUTLINE_NAME.match(fold(path.stem)) is not None
    )


def material_kind(path: PurePosixPath) -> str:
    """What a file that is no lesson is: transcript, source, assessment, research, …; `document` if nothing tells."""
    if path.suffix.casefold() in _SUBTITLE_SUFFIXES:
        return "transcript"
    name = fold(path.stem)
    if re.search(r"transcri(?:pt|c)", name):
        return "transcript"
    for part in reversed([fold(part) for part in path.parent.parts]):
        for kind, pattern in _KINDS:
            if pattern.match(part):
                return kind
    for kind, pattern in _KINDS:
        if pattern.match(name) or re.search(rf"[-_ ](?:{pattern.pattern})$", name):
            return kind
    return "source" if path.suffix.casefold() == ".txt" else "document"
