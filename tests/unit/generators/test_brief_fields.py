"""Single fields of a brief where people write them in a way of their own."""

from pathlib import Path

import pytest

from generators.reading.brief import Brief, parse_brief
from generators.reading.text import decode_file


def _brief(text: str, head: str = "") -> Brief:
    return parse_brief(decode_file(Path("brief.md"), f"{head}# Course Brief: Curso de Nós\n\n{text}\n".encode()))


def test_a_frontmatter_list_of_tags_is_read_without_its_blanks() -> None:
    """Tags of the head are tags; what is no text among them is left out."""
    assert _brief("Texto.", "---\ntags: [nós, cordas, [x], '']\n---\n").tags == ("nós", "cordas")


def test_a_cloned_voice_is_no_instructors_name() -> None:
    """The field that should name a person often names the voice instead: then nobody is named."""
    assert _brief("**Instrutor:** Clone MMOS da Lia").instructor is None


@pytest.mark.parametrize(("signed", "instructor"), [("Lia Campos", "Lia Campos"), ("Ana Prado", None)])
def test_who_signs_the_brief_teaches_only_as_the_persona(signed: str, instructor: str | None) -> None:
    """A brief is often signed by an editor; a first name shared with the persona shows that it is not."""
    voice = "## Voz\n\n**Slug do mind:** lia_campos"
    assert _brief(f"**Responsável:** {signed}\n\n{voice}").instructor == instructor


def test_a_persona_is_named_beside_its_label() -> None:
    """A persona of which no model is named is a voice of the brief's own."""
    voice = _brief("## Voz\n\n**Persona:** Lia Campos").voice
    assert (voice.mode, voice.persona, voice.persona_slug) == ("custom", "Lia Campos", None)


def test_a_voice_that_nobody_chose_is_none() -> None:
    """Neither the form's options nor a sentence in the field of a slug is an answer."""
    voice = _brief("## Voz\n\n**Modo:** [mmos ou custom]\n\n**Slug do mind:** ainda vamos escolher").voice
    assert (voice.mode, voice.persona_slug) == (None, None)


def test_an_answer_that_names_nobody_is_no_persona() -> None:
    """The form asks for a name and gets a yes."""
    assert _brief("## Voz\n\n**Nome da persona:** sim\n\n**Persona:** Lia Campos").voice.persona == "Lia Campos"


def test_a_chapter_about_length_level_or_price_is_no_answer() -> None:
    """A heading over a list tells of many things; only one over a short answer states the course's own."""
    lists = _brief(
        "## Duração\n\n- Ao vivo: 2 horas\n- Sozinho: 3 horas\n\n"
        "## Nível\n\n- Básico no começo\n- Avançado no fim\n\n"
        "## Preço\n\n- Sozinho: R$ 10\n- Em grupo: R$ 20"
    )
    assert (lists.duration_hours, lists.level, lists.price) == (None, None, None)
    answers = _brief("## Duração\n\n2 horas\n\n## Nível\n\nBásico\n\n## Preço\n\nR$ 10")
    assert (answers.duration_hours, answers.level, answers.price) == (2.0, "beginner", 10)


def test_the_first_line_that_states_a_length_is_the_length() -> None:
    """An answer of several lines may begin with something else."""
    assert _brief("**Duração:**\n\n- a combinar com a turma\n- 4 horas").duration_hours == 4.0


def test_what_one_has_to_know_tells_the_level_where_nothing_else_does() -> None:
    """Prior knowledge stands in for the level, and is a prerequisite as well."""
    brief = _brief("**Conhecimento prévio:** básico de nós, ter uma corda")
    assert (brief.level, brief.prerequisites) == ("beginner", ("básico de nós", "ter uma corda"))


def test_asides_among_the_objectives_are_no_objectives() -> None:
    """What stands below "Exemplos" or "Dicas" explains the form; the next heading of the level ends it."""
    text = (
        "## Objetivos de aprendizagem\n\n### Exemplos\n\n- Entender o mundo\n\n#### Outros\n\n- Mudar o mundo\n\n"
        "### Deste curso\n\n- Fazer dez nós\n- Escolher o nó\n\n**Dicas:**\n\n- Use verbos\n\n---\n\n- Depois da linha"
    )
    assert _brief(text).objectives == ("Fazer dez nós", "Escolher o nó")


def test_a_table_without_a_column_of_objectives_holds_none() -> None:
    """Rows are objectives under a column of that name only."""
    table = "## Objetivos de aprendizagem\n\n| Nº | {} |\n|---|---|\n| 1 | Fazer dez nós |"
    assert _brief(table.format("Objetivo")).objectives == ("Fazer dez nós",)
    assert _brief(table.format("Peso na nota")).objectives == ()


def test_before_and_after_are_read_from_a_table() -> None:
    """Columns or rows, a table may hold both states."""
    columns = "## Transformação\n\n| Antes | Depois |\n|---|---|\n| Perdido | Seguro |"
    rows = "## Transformação\n\n| Estado | Como é |\n|---|---|\n| Antes | Perdido |\n| Depois | Seguro |"
    for text in (columns, rows):
        assert (_brief(text).before, _brief(text).after) == (("Perdido",), ("Seguro",))


def test_bold_tags_around_a_label_are_as_good_as_stars() -> None:
    """An export writes `<b>` where an author writes `**`."""
    brief = _brief("<b>Subtítulo:</b> Dez nós que seguram\n\nVeja: <B>Nível:</B>")
    assert brief.subtitle == "Dez nós que seguram"


def test_html_that_html_quotes_is_its_text_and_no_answer() -> None:
    """An example of how to fill in the form answers nothing."""
    quoted = "<div>\n&lt;div&gt;\n&lt;p&gt;Subtítulo: Exemplo&lt;/p&gt;\n&lt;/div&gt;\n</div>"
    assert _brief(quoted).subtitle is None
    assert _brief("<div>\n<p>Subtítulo: Resposta</p>\n</div>").subtitle == "Resposta"


def test_html_without_end_costs_its_own_text_only() -> None:
    """Of the HTML in a file only so much is read; what people wrote in Markdown around it is."""
    noise = "".join(f"<div>\n<p>{'x' * 7000}</p>\n</div>\n\n" for _ in range(12))
    brief = _brief(
        f"<div><p>Subtítulo: Cedo</p></div>\n\n{noise}<div><p>Instrutor: Tarde Demais</p></div>\n\n**Preço:** R$ 10"
    )
    assert (brief.subtitle, brief.instructor, brief.price) == ("Cedo", None, 10)


def test_a_line_that_only_begins_with_dashes_does_not_end_the_frontmatter() -> None:
    """Only a line of three dashes does."""
    assert _brief("Texto.", "---\nslug: nos\n---nota: provisório\ntitle: Dez Nós\n---\n").title == "Dez Nós"


def test_stories_told_in_prose_are_one_answer_each() -> None:
    """The lines below "História 1:" belong together; without such labels each line is an answer."""
    told = "## Voz\n\n**Histórias:**\n\n```\n{}\n```"
    labelled = told.format("História 1:\n  Perdi o barco.\n  Achei o nó.\nHistória 2:\n  Voltei a pé.")
    assert _brief(labelled).voice.stories == ("Perdi o barco. Achei o nó.", "Voltei a pé.")
    assert _brief(told.format("Perdi o barco.\nVoltei a pé.")).voice.stories == ("Perdi o barco.", "Voltei a pé.")


def test_a_neutral_voice_has_no_persona() -> None:
    """Whoever is named beside the choice is not the voice."""
    voice = _brief("## Voz\n\n**Modo:** neutro\n\n**Persona:** Lia Campos").voice
    assert (voice.mode, voice.persona) == ("generic", None)


def _warnings(text: str) -> list[tuple[int, str]]:
    return [(warning.line, warning.message) for warning in _brief(text).warnings]


def test_a_label_with_a_slip_is_named_with_what_it_may_mean() -> None:
    """Nothing is read from it, and its author learns of the line; a label about something else is left alone."""
    warnings = _warnings("**Durasão:** 3 h\n\n**Mascote:** polvo")
    assert (3, "the label “Durasão” is not understood; did you mean “duracao” (duration)?") in warnings
    assert not any("Mascote" in message for _, message in warnings)


def test_what_stands_there_is_not_called_unstated() -> None:
    """A range of prices or an open length is quoted with its line."""
    warnings = _warnings("**Duração:** a combinar com a turma\n\n**Preço:** R$ 100 a R$ 150")
    assert (3, "duration: “a combinar com a turma” states no single value; write one") in warnings
    assert (5, "price: “R$ 100 a R$ 150” states no single value; write one") in warnings
    assert not any("no duration is stated" in message for _, message in warnings)


def test_hours_that_the_outline_contradicts_are_told() -> None:
    """The author's hours are kept, and the sum of the lessons stands beside them."""
    text = "**Duração:** 8 horas\n\n## Módulo 1: Cabo\n\n- 1.1 Fibra (60 min)\n\n## Módulo 2: Nó\n\n- 2.1 Lais (60 min)"
    assert _brief(text).duration_hours == 8
    assert (0, "8 hours are stated, the outline sums to 2") in _warnings(text)


def test_an_outline_over_several_chapters_is_one() -> None:
    """Modules of other numbers with lessons of their own go on with the outline; a mere mention is told, not dropped."""
    text = (
        "## Base\n\n### Módulo 1: Cabo\n\n- 1.1 Fibra\n- 1.2 Torção\n\n"
        "## Mãos à obra\n\n### Módulo 2: Nó\n\n- 2.1 Lais\n\n## Entregas\n\n- Módulo 3: Âncora\n"
    )
    brief = _brief(text)
    assert [module.title for module in brief.outline] == ["Cabo", "Nó"]
    (warning,) = [w for w in brief.warnings if w.code == "module_left_out"]
    assert "modulo 3: Âncora" in warning.message
