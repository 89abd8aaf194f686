from generators.brief import Brief
from generators.curriculum import Curriculum
from generators.portuguese import infinitive, quotable, upper_first

_MOST_CRITERIA = 4
_OPENING = (
    "Chegou a hora de juntar as peças do curso “{title}” em um trabalho seu, pequeno o bastante para terminar "
    "e real o bastante para mostrar."
)
_HAND_IN = """\
- O resultado, em um formato que outra pessoa consiga abrir e usar.
- Uma página com o problema, o caminho e o resultado, com um antes e um depois.
- Três lições aprendidas: o que repetir, o que evitar e o que experimentar da próxima vez."""
_LAST_LOOK = """\
- [ ] Uma pessoa de fora entendeu o resultado sem a minha explicação.
- [ ] Conferi cada critério da rubrica e anotei a nota que eu me daria.
- [ ] Descansei uma noite antes da última leitura."""
_FIXED_CRITERIA = (
    ("Uso real", 20, "Há um destinatário, e o projeto já foi usado por ele", "Há um destinatário definido"),
    ("Clareza da apresentação", 20, "Problema, caminho e resultado em até três minutos", "Falta uma das três partes"),
)


def write_final_project(brief: Brief, curriculum: Curriculum) -> str:
    """The final project in Markdown: the assignment, a milestone for each module, and a rubric of 100 points."""
    title = quotable(curriculum.title or brief.title or "este curso")
    lines = [
        "# 🏆 Projeto Final",
        _OPENING.format(title=title),
        "## 🎯 O desafio",
        *_challenge(brief),
        "## 🗺️ Etapas",
        "Cada módulo deixa uma parte pronta. Faça na ordem e guarde o que produzir.",
        "\n".join(_milestone(number, curriculum) for number in range(len(curriculum.modules))),
        "## 📦 O que entregar",
        _HAND_IN,
        "## 📏 Rubrica (100 pontos)",
        "\n".join(_rubric(curriculum)),
        "O projeto é aprovado com 70 pontos. Quem ficar abaixo recebe um retorno e pode entregar outra vez.",
        "## ✅ Antes de enviar",
        _LAST_LOOK,
    ]
    return "\n\n".join(lines) + "\n"


def _challenge(brief: Brief) -> list[str]:
    lines = []
    if brief.pains:
        lines.append(
            f"O ponto de partida é conhecido: “{quotable(brief.pains[0].text)}”. "
            "Escolha uma situação sua em que isso aparece e resolva um pedaço dela."
        )
    else:
        lines.append("Escolha uma situação sua que o curso ajuda a resolver e cuide de um pedaço dela.")
    if brief.after:
        lines.append(f"Quando terminar, o retrato deve se parecer com este: “{quotable(brief.after[0])}”.")
    return lines


def _milestone(place: int, curriculum: Curriculum) -> str:
    module = curriculum.modules[place]
    verb = next((found for found in map(infinitive, module.objectives) if found), None)
    aim = f": {verb}" if verb else ""
    return f"{place + 1}. **{quotable(module.title or f'Módulo {module.number}')}**{aim}."


def _rubric(curriculum: Curriculum) -> list[str]:
    """Four levels for each criterion; the course's own objectives share what the fixed criteria leave."""
    own = [verb for verb in map(infinitive, curriculum.objectives) if verb][:_MOST_CRITERIA]
    left = 100 - sum(points for _, points, _, _ in _FIXED_CRITERIA)
    rows = ["| Critério | Pontos | Excelente (100 %) | Bom (75 %) | Em desenvolvimento (50 %) | Ausente (0 %) |"]
    rows.append("| --- | --- | --- | --- | --- | --- |")
    for place, verb in enumerate(own):
        points = left // len(own) + (1 if place < left % len(own) else 0)
        rows.append(
            f"| {upper_first(verb)} | {points} | Feito por inteiro, com um caso próprio e conferido "
            "| Feito, com um caso próprio | Feito em parte ou só com o exemplo da aula | Não aparece |"
        )
    fixed = _FIXED_CRITERIA if own else (*_FIXED_CRITERIA, ("Aplicação do método", left, "Completa", "Quase completa"))
    rows += [
        f"| {name} | {points} | {best} | {good} | Aparece em parte | Não aparece |"
        for name, points, best, good in fixed
    ]
    return rows
