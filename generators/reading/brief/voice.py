"""Who speaks in the lessons: a modelled persona, a voice described here, or a neutral one."""

import itertools
import re
from dataclasses import replace
from typing import Any

from generators.languages import fold, vocabulary
from generators.reading.brief.answers import answered, first_answer, list_answers, whole_answer
from generators.reading.brief.fields import Fields, person_name
from generators.reading.brief.model import Voice, VoiceMode
from generators.reading.brief.zones import Zone
from generators.reading.markdown import Entry
from generators.reading.placeholder import is_example, scalar, stated

_MMOS = re.compile(r"\bmmos\b|\bclone\b|\bmind\b")
_CUSTOM = re.compile(r"custom|personalizad|descrev|propria")
_NEUTRAL = re.compile(r"neutr|padrao|generic|profissional padrao|sem persona")
_SLUG_AT_END = re.compile(r"(?:mmos|mind|clone)\s*[:=]\s*`?([a-z0-9]+(?:[_-][a-z0-9]+)*)`?\s*(?:\(|$)")
_ZONES = frozenset({Zone.VOICE, Zone.COURSE, Zone.PEDAGOGY})
_VOICE_ZONES = frozenset({Zone.VOICE, Zone.PEDAGOGY})


def read_voice(fields: Fields) -> Voice:
    """Read the voice; mode None where the brief states nothing about it."""
    persona, slug, mode = _head_persona(fields.head)
    slug = slug or _form_slug(fields)
    persona = persona or _form_persona(fields)
    mode = mode or _mode(fields)
    if mode == "generic" and slug is None:
        persona = None
    tone = _tone(fields)
    if mode is None:
        mode = "mmos" if slug else ("custom" if tone or persona else None)
    return Voice(
        mode=mode,
        persona=persona,
        persona_slug=slug,
        tone=tone,
        phrases=_list(fields, "phrases"),
        never=_list(fields, "never"),
        stories=_list(fields, "stories"),
    )


def named_responsible(fields: Fields, voice: Voice) -> str | None:
    """Who signs the brief, if that is the persona: then they are the instructor.

    A brief is often signed by an editor; only a first name shared with the persona shows that it is not.
    """
    known = fold((voice.persona_slug or "").replace("-", " ").replace("_", " ")).split()
    for value, _ in fields.all_of("responsible", {Zone.COURSE}, first_answer):
        name = person_name(value)
        if name and known and fold(name).split()[0] == known[0]:
            return name
    return None


def _head_persona(head: dict[str, Any]) -> tuple[str | None, str | None, VoiceMode | None]:
    persona = head.get("mmos_persona") or head.get("persona") or head.get("voice")
    if not isinstance(persona, dict):
        name = scalar(persona)
        return name, None, "mmos" if name and head.get("mmos_persona") else None
    slug = scalar(persona.get("persona_slug")) or scalar(persona.get("mind_slug")) or scalar(persona.get("slug"))
    name = scalar(persona.get("mind_name")) or scalar(persona.get("persona_name")) or scalar(persona.get("name"))
    if persona.get("enabled") is False:
        return None, None, None
    return name, slug, "mmos" if slug or name else None


def _mode(fields: Fields) -> VoiceMode | None:
    for entry in fields.entries("voice_mode", _ZONES):
        if entry.line.kind == "heading" and entry.key in {"voz", "persona", "instrutor persona"}:
            continue
        texts = [entry.value] if entry.value else [line.text for line in answered(entry.body) if line.ticked]
        for text in texts:
            mode = _mode_of(text)
            if mode:
                return mode
    return None


def _mode_of(text: str) -> VoiceMode | None:
    folded = fold(text)
    if stated(text) is None:
        return None
    if re.match(r"\W*(?:nao|no)\b", folded):
        return "custom" if _CUSTOM.search(folded) else "generic"
    if _MMOS.search(folded):
        return "mmos"
    if _NEUTRAL.search(folded):
        return "generic"
    return "custom" if _CUSTOM.search(folded) else None


def _form_slug(fields: Fields) -> str | None:
    for value, _ in fields.all_of("persona_slug", None, first_answer):
        if re.fullmatch(r"[\w.-]{2,60}", value):
            return value
    for entry in fields.entries("voice_mode", _ZONES):
        texts = [entry.value] if entry.value else [line.text for line in answered(entry.body) if line.ticked]
        for text in texts:
            found = _SLUG_AT_END.search(fold(text).strip())
            if found and stated(found[1]):
                return found[1]
    return None


def _form_persona(fields: Fields) -> str | None:
    for value, entry in fields.all_of("persona", _VOICE_ZONES, _beside):
        name = person_name(value)
        if name and entry.line.kind != "heading" and _mode_of(value) is None:
            return name
    return None


def _beside(entry: Entry) -> str | None:
    return first_answer(entry) if entry.value or any(line.fenced for line in entry.body) else None


def _tone(fields: Fields) -> str | None:
    for entry in [*fields.entries("tone", _VOICE_ZONES), *fields.entries("tone", {Zone.COURSE, Zone.ASIDE})]:
        if entry.line.kind == "heading" and not any(line.fenced for line in entry.body):
            continue
        # Below a heading of the section, what stands under labels of its own belongs to those.
        own = itertools.takewhile(lambda line: line.kind != "heading" and (line.fenced or not line.label), entry.body)
        texts = [entry.value] if entry.value else [line.text for line in own if line.ticked is not False]
        if "voice_mode" in vocabulary().fields(entry.key):
            inner = {line.text for line in entry.body if line.label}
            texts = [text for text in texts if text not in inner and _mode_of(text) is None and not is_example(text)]
        tone = ", ".join(part for part in (stated(text) for text in texts) if part)
        if tone:
            return tone[:500]
    for entry in fields.entries("tone", {*_VOICE_ZONES, Zone.COURSE}):
        # Of a section only what stands before its inner headings and labels speaks for it.
        own = itertools.takewhile(lambda line: line.kind != "heading" and not line.label, entry.body)
        told = whole_answer(replace(entry, body=tuple(own)))
        if told and _mode_of(told) is None:
            return told[:500]
    if heads := fields.head_texts("tone"):
        return heads[0][:500]
    said = fields.prose.tone()
    return said[0][:500] if said else None


def _list(fields: Fields, label: str) -> tuple[str, ...]:
    entries = [*fields.entries(label, {Zone.VOICE}), *fields.entries(label, {Zone.PEDAGOGY, Zone.ASIDE})]
    # A label inside a form's fence is closer to its list than the bold label over the whole fence.
    entries.sort(key=lambda entry: not entry.line.fenced)
    for entry in entries:
        answers = list_answers(entry)
        if answers:
            return answers[:30]
    return ()
