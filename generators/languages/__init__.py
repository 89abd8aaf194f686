"""The words of Portuguese, English and Spanish course material, as data, and the one object that answers about them.

Every language is one TOML file beside this one, and a further language is one more file: nothing is listed elsewhere.
`vocabulary()` compiles them once, on first use. Words are compared folded (`fold`: lower case, no accents), so that
careless spelling, NFC and NFD are alike. What a reader asks:

- `numbered("Módulo 2 – Água")` gives what kind of part that is ("module"), its number (2,) and the rest ("Água");
  also "2º Módulo", "Semana II", "Aula 1.2: Luz", "Third week", "Unit A - Soil". `rank` orders kinds from the
  outermost: part, module, meeting (session, day, chapter), lesson, topic.
- `kind_of("semanas")` says what such a bare word names: "module"; None if it names no part of a course.
- `file_kind("exercicios")` says what a file or folder is by a word of its name: exercise, solution, slides, index,
  summary, reference, template, quiz, project, script; None for anything else. A hint: a lesson may be about a quiz.
- `number("vinte e cinco")` is 25; None for other words. `ordinals["terceira"]` is 3.
- `fields("duracao total do curso")` is the set of fields that a label can mean; `nearest` a known label like it.
- `zone("publico alvo")` is the part of a brief that a heading opens.
- `language_of(text, stated)` is "pt", "en" or "es": the stated language, else told by its stop-words, else None.
"""

from generators.languages.vocabulary import Numbered, Vocabulary, vocabulary
from generators.languages.words import fold

__all__ = ["Numbered", "Vocabulary", "fold", "vocabulary"]
