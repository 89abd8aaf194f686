from pathlib import Path

import pytest

from generators.errors import MissingPath, NotABrief, OversizedFile
from generators.reading.amounts import count_in, hours_in, level_in, minutes_in, money_in
from generators.reading.brief import Brief, parse_brief, read_brief
from generators.reading.placeholder import is_example, stated
from generators.reading.text import decode_file

BRIEFS = Path(__file__).parents[2] / "data" / "briefs"


def _brief(text: str) -> Brief:
    return parse_brief(decode_file(Path("brief.md"), text.encode()))


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("~3.5 horas", 3.5),
        ("5h20min", 5.33),
        ("2h55 (175 min)", 2.92),
        ("6-7 horas", (6.0, 7.0)),
        ("de 3 a 4 horas", (3.0, 4.0)),
        ("10 horas (3h conteúdo, 7h prática)", 10.0),
        ("285 minutos", 4.75),
        ("1 hora e 30 minutos", 1.5),
        ("1h30", 1.5),
        ("3,5h", 3.5),
        ("10+ horas", 10.0),
        ("4 semanas (8 horas)", 8.0),
        ("90 min", 1.5),
        ("_____ horas", None),
        ("8 semanas, 5 horas/semana", 40.0),
        ("em breve", None),
        ("2 h 30", 2.5),
        ("1 hora e meia", 1.5),
        ("PT1H30M", 1.5),
        ("12 encontros de 50 minutos", 10.0),
        ("4 encontros de 1h a 2h", (4.0, 8.0)),
        ("8h (4 encontros de 2h)", 8.0),
        ("7 a 6 horas", None),
    ],
)
def test_durations_are_read_as_people_write_them(text: str, hours: object) -> None:
    """The total counts; what stands in parentheses only explains it."""
    assert hours_in(text) == hours


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("R$ 197", 197),
        ("R$ 1.997,00", 1997),
        ("R$ 97,50", 97.5),
        ("12x de R$ 29,70 ou R$ 297 à vista", 297),
        ("de R$ 1.997 por R$ 997", 997),
        ("R$ 5 mil", 5000),
        ("497 reais", 497),
        ("Gratuito", 0),
        ("R$ 97-297", None),
        ("R$ 5.000 a R$ 50.000", None),
        ("R$ _______", None),
        ("~~R$ 297~~ por R$ 147", 147),
        ("6x de R$ 24,90 sem juros (ou R$ 129,90 à vista)", 129.9),
        ("grátis", 0),
        ("R$ 297 à vista ou R$ 347 no cartão", 297),
        ("R$ 347 no cartão ou à vista R$ 297", 297),
        ("R$ 197 online, R$ 497 presencial", None),
    ],
)
def test_prices_are_one_amount_or_none(text: str, price: float | None) -> None:
    """A range is no price; of crossed-out and real price the real one counts."""
    assert money_in(text) == price


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("3 módulos (recomendado: 5)", 3),
        ("20 (4 por módulo)", 20),
        ("3-5 módulos", None),
        ("vários", None),
        ("três", 3),
        ("dois a quatro", None),
    ],
)
def test_counts_are_whole_numbers_and_never_ranges(text: str, count: int | None) -> None:
    """A range leaves the number open."""
    assert count_in(text) == count


def test_levels_and_minutes_are_read_in_both_languages() -> None:
    """The course level is a word of a fixed list, whatever surrounds it."""
    assert [level_in(text) for text in ("Básico (liste abaixo)", "Nível avançado", "Intermediate", "?")] == [
        "beginner",
        "advanced",
        "intermediate",
        None,
    ]
    assert [level_in(text) for text in ("para quem está começando", "quem nunca costurou", "Médio", "experientes")] == [
        "beginner",
        "beginner",
        "intermediate",
        "advanced",
    ]
    stated_minutes = {
        "15 min": 15,
        "1h10": 70,
        "1h15m": 75,
        "10-20 min": 15,
        "60 min - síncrono": 60,
        "12:30": 12,
        "25'": 25,
    }
    assert {text: minutes_in(text) for text in stated_minutes} == stated_minutes
    assert minutes_in("x") is None


@pytest.mark.parametrize(
    "text",
    [
        "[Nome do Módulo]",
        "_____ módulos",
        "[AUTO-PREENCHIDO]",
        "{course-slug}",
        "TBD",
        "a definir",
        "—",
        "[ ] Sim [ ] Não",
        "( ) Sim ( ) Não",
        "(escreva aqui)",
        "",
    ],
)
def test_placeholders_are_never_values(text: str) -> None:
    """What a form prints where nobody answered is not an answer."""
    assert stated(text) is None


def test_ticked_options_of_a_row_are_its_value() -> None:
    """Of several boxes on a line only the ticked ones are answers."""
    assert stated("[ ] Formal [X] Casual [x] Direto") == "Casual, Direto"
    assert stated("( ) Iniciante (x) Intermediário") == "Intermediário"
    assert stated('"Entre aspas"') == "Entre aspas"
    assert is_example('Exemplo: "Do zero"')
    assert not is_example("Exemplos práticos em toda aula")


def test_a_form_with_fences_is_read_with_its_traps() -> None:
    """The exact line beats the ticked range, samples and open fields are skipped, the fence holds the outline."""
    brief = read_brief(BRIEFS / "formulario.md")
    assert (brief.title, brief.slug, brief.subtitle) == (
        "Horta Urbana: Comida de Verdade em 2 m²",
        "horta-urbana",
        None,
    )
    assert (brief.duration_hours, brief.modules, brief.lessons, brief.price) == (3.5, 2, 9, 147)
    assert brief.level == "beginner"
    assert (brief.voice.mode, brief.voice.persona, brief.voice.persona_slug) == ("mmos", "Lia Campos", "lia_campos")
    assert brief.voice.tone == "Casual, Bem-humorado"
    assert brief.voice.phrases == ("Planta não lê manual", "Terra na unha, gente")
    assert brief.tags == ("horta", "varanda")
    assert brief.category == "Bem-estar"
    assert brief.before == ("Compra temperos em saquinho",)
    assert [(pain.text, pain.consequence) for pain in brief.pains] == [
        ("As mudas morrem em duas semanas", "desiste e volta ao mercado"),
        ("Não sabe quanto regar", None),
    ]
    assert len(brief.objectives) == 3
    assert [lesson.lesson_id for module in brief.outline for lesson in module.lessons] == ["1.1", "1.2", "2.1", "2.10"]
    assert "9 lessons are declared, the outline lists 4" in [warning.message for warning in brief.warnings]


def test_bullets_are_read_and_the_editor_is_not_the_instructor() -> None:
    """Who signs the brief does not teach; exercises after the objectives are none; the audience's level is not the course's."""
    brief = read_brief(BRIEFS / "topicos.md")
    assert (brief.title, brief.slug, brief.instructor) == ("Violão sem Partitura", "violao-sem-partitura", "Téo Barros")
    assert (brief.duration_hours, brief.modules, brief.lessons, brief.price) == (10, 2, 5, 297)
    assert brief.level == "beginner"
    assert brief.audience.technical_level == "advanced"
    assert len(brief.objectives) == 3
    assert brief.voice.mode == "custom"
    assert [(module.title, module.minutes, len(module.lessons)) for module in brief.outline] == [
        ("Mãos", 40, 2),
        ("Ouvido", 70, 3),
    ]


def test_tables_are_read_and_other_money_is_no_price() -> None:
    """Empty cells are open; revenue and tool cost are not the price; objectives are rows of their table."""
    brief = read_brief(BRIEFS / "tabelas.md")
    assert brief.title == "Trilha 3: Planilhas que Conversam"
    assert (brief.slug, brief.instructor, brief.price, brief.voice.mode) == (None, None, None, None)
    assert (brief.duration_hours, brief.modules, brief.lessons, brief.level) == (2.92, 3, 12, "intermediate")
    assert brief.objectives == ("Desenhar tabelas que duram", "Cruzar dados sem copiar")
    assert [pain.consequence for pain in brief.pains] == ["Decisões erradas", "Horas perdidas"]
    assert [module.title for module in brief.outline] == ["Bases", "Cruzamentos", "Painéis"]


def test_prose_with_plain_labels_is_read() -> None:
    """Labels need no markup; counts may stand beside the duration."""
    brief = read_brief(BRIEFS / "prosa.md")
    assert (brief.duration_hours, brief.modules, brief.lessons) == ((6.0, 7.0), 4, 18)
    assert (brief.instructor, brief.price) == ("Nina Prado", 197)
    assert len(brief.objectives) == 3


def test_english_headings_are_read() -> None:
    """Briefs of mixed language come down to the same fields."""
    brief = read_brief(BRIEFS / "english.md")
    assert (brief.slug, brief.duration_hours, brief.level, brief.voice.mode) == (
        "bread-at-home",
        1.5,
        "beginner",
        "generic",
    )
    assert [lesson.title for lesson in brief.outline[0].lessons] == ["Flour and water", "Time"]


def test_a_form_that_was_never_filled_states_nothing() -> None:
    """No placeholder, sample or unticked option leaks out as a value; broken frontmatter is a warning."""
    brief = read_brief(BRIEFS / "vazio.md")
    empty = Brief(language="pt", warnings=brief.warnings)
    assert brief == empty
    assert len(brief.errors) == 2
    assert any("frontmatter" in warning.message for warning in brief.warnings)


def test_contradictions_are_reported_with_both_values_and_lines() -> None:
    """The first value counts; the warning names both."""
    brief = _brief("# Brief\n\n**Título:** Um\n\n**Slug:** um-curso\n\n**Título do Curso:** Outro\n")
    assert brief.title == "Um"
    assert any("'Um' (line 3)" in w.message and "'Outro' (line 7)" in w.message for w in brief.warnings)


def test_heading_like_lines_in_fences_are_no_headings() -> None:
    """A template quoted in a fence does not open a section."""
    brief = _brief(
        "# Course Brief: Bom Curso\n\n```markdown\n## Objetivos\n- [ ] nada\n```\n\n## Objetivos\n\n- Fazer pão\n"
    )
    assert brief.title == "Bom Curso"
    assert brief.objectives == ("Fazer pão",)


def test_unreadable_briefs_are_typed_errors() -> None:
    """Nothing but our own errors leaves the reader."""
    with pytest.raises(MissingPath):
        read_brief(Path("nicht/da.md"))
    with pytest.raises(NotABrief):
        _brief("\n\n")
    with pytest.raises(OversizedFile):
        _brief("x" * 1_000_001)


def test_labels_below_a_tone_heading_are_not_the_tone() -> None:
    """What a section says under labels of its own belongs to those, not to the answer before them."""
    text = "# Curso de Nós\n\n## 4. Voz\n\n### 4.2 Tom de Voz\n\n```\nAcolhedor, direto\n```\n\n**Evitar:** jargão\n\n**Ritmo:** curto\n"
    assert _brief(text).voice.tone == "Acolhedor, direto"
