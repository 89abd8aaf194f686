"""Lessons written by a language model, through the optional `llm` package.

The model gets the offline lesson as a pattern, and what a lesson must have. What it returns is scored; where a check
fails, it gets the failed checks and tries again, three times in all. The last reason becomes the lesson's failure.
"""

import importlib
from typing import Any

from generators.errors import GeneratorError, UsageFault
from generators.lesson_writer import LessonRequest, write_lesson
from generators.scorers import LessonScore, score_lesson
from generators.writers.writer import Estimate
from outbox.extras import install_command

ATTEMPTS = 3
_WORDS_PER_MINUTE = 150
_TOKENS_PER_WORD = 1.8
_PROMPT_TOKENS = 3500
_SECONDS_PER_LESSON = 30.0

_SYSTEM = """\
Você escreve aulas em português do Brasil no método GPS + Didática Lendária. Responda somente com o Markdown da aula,
sem cercas de código em volta. Mantenha exatamente os títulos de seção do exemplo (G - GOAL, P - POSITION, S - STEPS,
O Que Você Dominou, FAÇA AGORA, Próxima Aula). Use de 1 a 3 analogias, ao menos um [DIAGRAM: descrição], de 2 a 4
perguntas para pensar e no máximo 3 conceitos. Não invente fatos sobre pessoas, preços ou resultados.
"""


class MissingExtra(UsageFault):
    pass


class ModelFailed(GeneratorError):
    pass


class LlmWriter:
    """Writes with a model that `llm` knows. Each lesson is paid for, so each is published at once.

    Raises:
        MissingExtra: the package is not installed, or does not know the model.
    """

    lessons_per_unit = 1

    def __init__(self, model: str) -> None:
        self.name = f"llm:{model}"
        try:
            package: Any = importlib.import_module("llm")
        except ImportError as exc:
            raise MissingExtra(f"--writer llm:… needs the package llm: {install_command('llm')}") from exc
        try:
            self._model = package.get_model(model)
        except Exception as exc:  # the package's own error class is not known when it is missing
            raise MissingExtra(f"llm knows no model “{model}”; “llm models” lists those it knows") from exc

    def estimate(self, lessons: int, minutes: int) -> Estimate:
        tokens = round(lessons * _PROMPT_TOKENS + minutes * _WORDS_PER_MINUTE * _TOKENS_PER_WORD)
        note = f"about {tokens:,} tokens at your provider's prices, up to {ATTEMPTS} times that if checks fail"
        return Estimate(seconds=lessons * _SECONDS_PER_LESSON, tokens=tokens, note=note)

    def write(self, request: LessonRequest) -> str:
        """One lesson that passes both scorers.

        Raises:
            ModelFailed: the model could not be reached, or no attempt passed.
        """
        pattern = write_lesson(request).text
        head, _, body = pattern.partition("\n---\n\n")
        wish = _wish(request, body)
        missing: tuple[str, ...] = ()
        for _ in range(ATTEMPTS):
            asked = wish + (
                "\n\nA versão anterior falhou nestas verificações: " + "; ".join(missing) if missing else ""
            )
            try:
                text = str(self._model.prompt(asked, system=_SYSTEM).text()).strip()
            except Exception as exc:  # whatever a model's plugin raises is this lesson's failure, not the run's
                raise ModelFailed(
                    f"{self.name} did not answer ({type(exc).__name__}); try again with --resume"
                ) from exc
            lesson = f"{head}\n---\n\n{text}\n"
            score: LessonScore = score_lesson(request.lesson.lesson_id, lesson)
            if score.passed:
                return lesson
            missing = score.missing
        raise ModelFailed(f"{self.name} did not pass the checks in {ATTEMPTS} attempts: {'; '.join(missing)}")


def _wish(request: LessonRequest, example: str) -> str:
    brief, lesson = request.brief, request.lesson
    lines = [
        f"Curso: {request.curriculum.title}",
        f"Aula {lesson.lesson_id}: {lesson.title} ({lesson.minutes} minutos, cerca de 150 palavras por minuto de fala)",
        "Objetivos: " + "; ".join(lesson.objectives),
        "Conceitos: " + "; ".join(lesson.key_concepts),
        "Dores do público: " + "; ".join(pain.text for pain in brief.pains),
        f"Tom de voz: {brief.voice.tone or 'acolhedor e direto'}",
        "Nunca: " + "; ".join(brief.voice.never),
        "Siga a estrutura deste exemplo, com conteúdo próprio e específico do tema:",
        example,
    ]
    return "\n".join(lines)
