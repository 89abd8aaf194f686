"""The judge: what says something passes, what only sounds like a lesson does not."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from generators.cli import cli
from generators.languages.word_order import sense_of_order, table_of
from generators.reading.markdown import split_frontmatter
from generators.scorers import LessonScore, score_course, score_lesson

ROOT = Path(__file__).parents[3]
COURSES = ROOT.parent / "shared" / "data" / "courses"
BREAD = ROOT / "examples" / "courses" / "pao-fermentacao-natural" / "lessons"
BOILERPLATE = """# Aula {id}: {title}

Olá! Que bom ter você aqui. Nesta aula você vai dar um passo importante na sua jornada, e no fim vai olhar para trás e perceber
o quanto avançou. Muita gente trava exatamente neste ponto, e eu também já travei.

Respire fundo, porque o caminho é mais simples do que parece. Comece pelo começo, faça uma coisa de cada vez e não tenha medo de
errar. O erro faz parte do processo, e quem nunca errou nunca aprendeu nada de verdade.

Agora é com você: escolha um caso seu, aplique o que viu e observe o resultado com calma. Se algo não sair como esperava, volte um
passo e tente outra vez. Na próxima aula vamos ainda mais longe, com a mesma calma e a mesma vontade.
"""


def real(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text("utf-8", "replace") for path in sorted(folder.rglob("*.md"))}


def test_hand_written_lessons_pass() -> None:
    """The course that ships with the project, every lesson of it."""
    scored = score_course(real(BREAD))
    assert [one.name for one in scored.lessons if not one.passed] == []


@pytest.mark.skipif(not COURSES.is_dir(), reason="the open courses are not beside the project")
def test_the_real_lessons_of_the_open_courses_pass() -> None:
    """Whatever frame they have: 98 of 100 at least, and every course."""
    passing = total = 0
    for folder in sorted(COURSES.iterdir()):
        if not (folder / "lessons").is_dir():
            continue
        scored = score_course(real(folder / "lessons"))
        assert scored.passed, folder.name
        passing, total = passing + scored.passing, total + len(scored.lessons)
    assert total > 100
    assert passing >= 0.98 * total


def test_boilerplate_fails_with_its_title_in_it_or_not() -> None:
    """Nothing in it could be checked, and it is the same in every lesson."""
    titles = ["Vapor no forno", "Fermento natural", "Cortes na casca", "Dobras da massa"]
    scored = score_course({f"1.{n}.md": BOILERPLATE.format(id=f"1.{n}", title=title) for n, title in enumerate(titles)})
    assert scored.passing == 0
    for one in scored.lessons:
        assert any(reason.startswith("evidence") for reason in one.missing)
        assert any(reason.startswith("repetition") for reason in one.missing)
    assert not score_lesson("1.1", BOILERPLATE.format(id="1.1", title="Vapor no forno")).passed


def test_a_lesson_on_another_subject_fails() -> None:
    """However good it is."""
    lessons = real(BREAD)
    names = list(lessons)
    strange = (ROOT / "examples" / "sources" / "financas-para-freelancers" / "2-salario.md").read_text("utf-8")
    lessons[names[0]] = "# Aula 1.1: O que é fermentação natural\n\n" + strange.replace("# ", "## ")
    (first, *_) = score_course(lessons).lessons
    assert any(reason.startswith("subject") for reason in first.missing)


def test_another_language_than_the_courses_fails() -> None:
    """A Portuguese course with one English lesson."""
    lessons = real(BREAD)
    english = (ROOT / "examples" / "sources" / "first-tests-in-python" / "notes.md").read_text("utf-8")
    lessons["9.9-bread-tests.md"] = "# Aula 9.9: Assertion, fixture e fermentação\n\n" + english
    last = score_course(lessons).lessons[-1]
    assert any(reason.startswith("language") for reason in last.missing)


def test_a_marked_gap_fails_the_best_of_lessons() -> None:
    """An author who left something open is told so until it is closed; an emoji in a heading is no gap."""
    name, text = next(iter(real(BREAD).items()))
    assert score_lesson(name, text.replace("## ", "## ✍️ ", 1), language="pt").passed
    gap = score_lesson(name, f"{text}\n✍️ **Falta**: um exemplo com números\n", language="pt")
    assert gap.missing == ("gaps: 1 marked with ✍️",)


def test_gaps_are_counted_once() -> None:
    """Two lessons with the same thing missing do not repeat each other, and a gap is no filler."""
    gap = "\n\n✍️ **Falta**: um exemplo com números para “o pão”\n\n✍️ **Falta**: um exercício para “o pão”\n"
    lessons = {name: text + gap for name, text in real(BREAD).items()}
    assert {one.missing for one in score_course(lessons, language="pt").lessons} == {("gaps: 2 marked with ✍️",)}


def test_an_empty_text_scores_nothing() -> None:
    """Neither does a heading alone."""
    for text in ("", "# Aula 1.1: Vapor\n", "---\ntitle: Vapor\n---\n\n# Aula 1.1: Vapor\n\n## G - GOAL\n"):
        assert not score_lesson("1.1", text).passed


def test_two_versions_of_one_lesson_do_not_fail_each_other() -> None:
    """A folder that holds an older copy is no course of boilerplate."""
    lessons = real(BREAD)
    name = next(iter(lessons))
    lessons[f"old-{name}"] = lessons[name]
    assert score_course(lessons).passing == len(lessons)


TITLE = "A autólise na massa de pão"
HOLLOW = (
    "Bem-vindo a mais uma aula! Hoje vamos aprender sobre a autólise de um jeito simples e prático. Este é um tema fundamental "
    "para quem quer evoluir de verdade. Muitas pessoas têm dificuldade com a massa, mas você está no lugar certo. Primeiro, "
    "entenda a importância da autólise. Depois, pratique com calma. Por fim, revise o que aprendeu. Lembre-se: a prática leva à "
    "perfeição. Anote suas dúvidas e compartilhe com os colegas. Parabéns por chegar até aqui! Na próxima aula vamos avançar mais. "
)
HOLLOW_EN = (
    "Welcome to this exciting lesson about fixtures! Fixtures are a key concept that every developer should know. In this lesson "
    "you will learn the best practices and the common mistakes. Many people struggle with fixtures, and that is completely normal. "
    "By the end of this lesson you will feel confident and ready to use fixtures every day. Remember that practice makes perfect, "
    "so take your time and enjoy the journey. Take notes, ask questions, and share what you learned with others. Great job! "
)
HOLLOW_ES = (
    "¡Bienvenido a esta clase sobre el sofrito! Hoy vamos a descubrir todo lo que necesitas saber sobre el sofrito. Es un tema "
    "apasionante que cambiará tu forma de ver las cosas. Muchas personas cometen errores con el sofrito, pero tú no serás una de "
    "ellas. Sigue estos pasos con calma y verás resultados muy pronto. Recuerda que la práctica hace al maestro. Primero, observa "
    "con atención. Después, practica cada día. Nos vemos en la próxima clase con más contenidos para seguir aprendiendo juntos. "
)


def judged(text: str, title: str = TITLE, language: str = "pt") -> LessonScore:
    return score_lesson("2.1.md", f"# Aula 2.1: {title}\n\n{text}", language=language)


@pytest.mark.parametrize(
    "text",
    [
        HOLLOW,
        HOLLOW + " ".join(f"Dica {n}: em {n * 5} minutos você melhora {n * 10}%." for n in range(1, 9)),
        HOLLOW.replace("simples", "**simples**").replace("prático", "**prático**").replace("dúvidas", "**dúvidas**"),
        "\n\n".join(f"{one}. — *notas.md:{n}*" for n, one in enumerate(HOLLOW.split(". "), 3)),
        HOLLOW + "\n".join(f"- [leia mais {n}](https://exemplo.com/{n})" for n in range(12)),
        "Autólise farinha água glúten hidratação massa pão descanso 30 min 70% sal fermento 24 °C dobra bloco. " * 9,
        "".join(f"A autólise da massa de pão é **termo{n}** com {n} e `x{n}`. " for n in range(30)),
        "| a | b |\n|---|---|\n" + "\n".join(f"| autólise {n} | {n * 3} |" for n in range(40)),
        "\n".join(f"- autólise massa pão {n}" for n in range(60)),
        "```python\n" + "\n".join(f"x{n} = {n}" for n in range(60)) + "\n```\n",
        "\n\n".join(f"## Seção {n} da autólise" for n in range(12)),
        f"{TITLE}. " * 40,
        "A autólise descansa 30 minutos.",
        "A **autólise** na massa de pão é o descanso de 30 minutos da farinha com 70% de água. " * 10,
    ],
)
def test_what_only_looks_like_a_lesson_fails(text: str) -> None:
    """Filler with numbers, links, citations or bold type in it, keywords in a row, patterns that are counted up."""
    assert not judged(text).passed


def test_filler_is_named_in_every_language() -> None:
    """A sentence of nothing but the title's words and those of every lesson says nothing."""
    told = [judged(HOLLOW), judged(HOLLOW_EN, "Fixtures", "en"), judged(HOLLOW_ES, "El sofrito", "es")]
    assert all(any(reason.startswith("filler") for reason in one.missing) for one in told)


def test_one_lesson_with_other_nouns_is_no_course() -> None:
    """Whatever a lesson speaks of most is masked before sentences are compared, not its title alone."""
    text = (
        "# Aula: {0}\n\nPara fazer {0} você precisa de 500 g de {1} e 350 g de {2}. Misture **{1}** com {2} por 10 minutos e deixe "
        "descansar 30 minutos a 24 °C. Depois corte {0} em 4 partes e asse por 25 minutos. Se {0} ficar duro, faltou {2}. Se {0} "
        "ficar mole, sobrou {2}. Sirva {0} em 8 fatias com {1}. Guarde {0} por 3 dias na geladeira. Pese {1} duas vezes. Anote o "
        "peso de {2} num caderno. Repita a receita e compare {1} com {2}. Espere 15 minutos antes de cortar {0} com a faca."
    )
    nouns = [("pão", "farinha", "água"), ("bolo", "açúcar", "leite"), ("torta", "manteiga", "creme")]
    assert score_course({f"{n}.md": text.format(*three) for n, three in enumerate(nouns)}, language="pt").passing == 0


def test_a_lesson_cites_what_is_there_and_does_not_repeat_the_brief(tmp_path: Path) -> None:
    """Files in the folder, and those that its head names; `generate score` knows the brief that lies beside the lessons."""
    brief = (ROOT / "examples" / "briefs" / "financas-para-freelancers.md").read_text("utf-8")
    name, text = next(iter(real(BREAD).items()))
    (tmp_path / "lessons").mkdir()
    (tmp_path / "COURSE-BRIEF.md").write_text(brief, "utf-8")
    (tmp_path / "notas.md").write_text("Notas.", "utf-8")
    (tmp_path / "lessons" / "1.1-custo.md").write_text(f"# Aula 1.1: O custo real do seu mês\n\n{brief}", "utf-8")
    (tmp_path / "lessons" / name).write_text(f"{text}\nVeja. — *notas.md:3*\n", "utf-8")
    (tmp_path / "lessons" / "1.3-x.md").write_text(f"{text}\nVeja. — *gravada.vtt @ 00:01:00*\n", "utf-8")
    told = CliRunner().invoke(cli, ["score", str(tmp_path)]).stdout.splitlines()
    assert "stand in the brief" in told[0]
    assert told[1].startswith("pass")
    assert told[2].endswith("citations: there is no gravada.vtt")


def test_a_lesson_that_opens_with_a_section_is_named_by_its_file() -> None:
    """`## Purpose` above every lesson is no title: the lessons of such a course are not versions of one."""
    lessons = real(BREAD)
    headless = {
        f"{name.removesuffix('.md')}/lesson.md": "## Propósito\n\n"
        + text.partition("\n## ")[2].replace("\n# ", "\n## ")
        for name, text in lessons.items()
    }
    assert score_course(headless, language="pt").passing == len(lessons)


def _within_lines(body: str, chance: random.Random) -> str:
    return "\n".join(
        line if line.startswith("#") else " ".join(chance.sample(words := line.split(), len(words)))
        for line in body.split("\n")
    )


def _all_over(body: str, chance: random.Random) -> str:
    words = [word for line in body.split("\n") if not line.startswith("#") for word in line.split()]
    chance.shuffle(words)
    title = body.split("\n", maxsplit=1)[0]
    return f"{title}\n\n" + " ".join(
        " ".join(words[at : at + 12]).strip(".").capitalize() + "." for at in range(0, len(words), 12)
    )


@pytest.mark.parametrize("mixed", [_within_lines, _all_over])
@pytest.mark.parametrize(
    ("pattern", "language"),
    [
        ("courses/pao-fermentacao-natural/lessons/1.1-*.md", "pt"),
        ("sources/first-tests-in-python/*.md", "en"),
        ("sources/legumbres-desde-cero/*.md", "es"),
    ],
)
def test_the_words_of_a_lesson_in_any_order_fail(
    pattern: str, language: str, mixed: Callable[[str, random.Random], str]
) -> None:
    """All its terms and numbers are there, and its grammar is not."""
    texts = [split_frontmatter(path.read_text("utf-8")).body for path in sorted((ROOT / "examples").glob(pattern))]
    body = "\n".join(texts).strip()

    def complaints(text: str) -> list[str]:
        told = score_lesson("lesson.md", text, language=language).missing
        return [reason for reason in told if reason.startswith("order")]

    assert complaints(body) == []
    assert all(complaints(mixed(body, random.Random(seed))) for seed in range(5))


def test_order_is_not_judged_where_nothing_tells_it() -> None:
    """Of a few words, or of a language without a table, nobody can say."""
    assert sense_of_order(["Pão de forno a lenha."], "pt") is None
    assert sense_of_order(["Das Brot liegt auf dem Tisch in der Küche."] * 20, "de") is None


def test_a_table_counts_what_follows_what_within_a_clause() -> None:
    """Words of grammar as they are, endings of the others; what was seen once is chance."""
    assert table_of("O forno e a massa.\nO pano, a mesa\n", "pt") == "a -a 2\no -o 2\n"


THIN = """# Apicultura

Bienvenido a esta lección sobre Apicultura. Hoy vas a descubrir cómo Apicultura puede transformar tu manera de trabajar. Mucha gente
se siente perdida cuando empieza con Apicultura, y es completamente normal. Apicultura es una de las habilidades más importantes de
nuestro tiempo. Según el 73% de los profesionales, dominar Apicultura lo cambia todo. Imagina despertarte en 30 días con confianza
en Apicultura.

Primero, comprende lo básico de Apicultura. Segundo, practica Apicultura durante 15 minutos cada día. Tercero, repasa lo que
aprendiste sobre Apicultura y compártelo con un amigo. Recuerda: la constancia gana a la intensidad.
"""
PARTS = [
    ("wear", "link"), ("pin", "plate"), ("roller", "joint"), ("gauge", "stretch"), ("cassette", "ring"), ("oil", "grease"),
    ("length", "pliers"), ("tool", "rivet"), ("lube", "wax"), ("speed", "sprocket"),
]  # fmt: skip
TALK = (
    "Right, so the tyre is flat and we are by the road. First thing, run your fingers round the inside of the tyre, slowly, because "
    "the thorn is usually still there. Then pump the tube up to twice its size and hold it to your lip. Roughen an area bigger than "
    "the patch, spread the glue thin, and wait 5 minutes until it is dull. For a 28 mm tyre I use 75 psi behind and 70 in front; "
    "check that the moulding line sits level round the rim."
)
GERMAN = (
    "Wenn der Reifen platt ist, tastest du zuerst die Innenseite des Mantels ab, weil der Dorn meistens noch steckt. Danach pumpst "
    "du den Schlauch auf die doppelte Größe auf und hältst ihn an die Lippe. Rau eine Fläche an, die größer ist als der Flicken, und "
    "warte 5 Minuten, bis der Kleber matt ist. Für einen Reifen von 28 mm nehme ich 75 psi hinten und 70 vorne."
)


@pytest.mark.parametrize(
    ("name", "text", "language", "reason"),
    [
        ("apicultura.md", THIN, "es", "filler: only"),
        (
            "chain.md",
            "# Bike chain\n\n" + " ".join(f"Chain {a} and chain {b} in the {a} of {len(b)} mm." for a, b in PARTS),
            "en",
            "filler: 100% of the sentences are one sentence",
        ),
        ("puncture.md", TALK, "en", "structure: there is no heading"),
        ("puncture.md", f"# Reifen\n\n{GERMAN}", "es", "language: 100%"),
        ("puncture.md", f"# Reifen\n\n{GERMAN}", "en", "language: 100%"),
    ],
)
def test_what_no_subject_needs_no_author_wrote_or_no_pupil_reads_fails(
    name: str, text: str, language: str, reason: str
) -> None:
    """A nameless noun in phrases of every day, one sentence with ten nouns, a bare transcript, a language beyond the frames."""
    assert any(one.startswith(reason) for one in score_lesson(name, text, language=language).missing)


def test_a_talk_under_a_heading_is_a_short_lesson() -> None:
    """It needs no more than a title and something to say."""
    assert score_lesson("puncture.md", f"# A flat tyre\n\n{TALK}", language="en").passed
