"""What may be said of a title or an objective in the middle of a Portuguese sentence."""

import pytest

from generators.portuguese import infinitive, nameable, noun_phrase, quotable, topic, with_article, without_notes
from generators.portuguese_case import sentence_case
from generators.portuguese_nouns import listed_nouns
from generators.voice_phrases import greeting, sayings


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("O Custo Real do Seu Mês", "Custo Real do Seu Mês"),
        ("Setup Rápido: Do Navegador ao Código", "Setup Rápido"),
        ("Montando a reserva de emergência", "reserva de emergência"),
        ("Como escrever uma proposta", "proposta"),
        ("A regra dos terços e quando esquecê-la", "regra dos terços"),
        ("Tripé, apoio e improviso", "Tripé, apoio e improviso"),
        ("Introdução: o mapa do tesouro", "mapa do tesouro"),
        ("Planejamento de uma sessão de produto", "sessão de produto"),
        ("Projeto final: doze imagens e uma história", "doze imagens e uma história"),
        ("Por que a câmera não faz a foto", None),
        ("Comida que dá vontade", "Comida que dá vontade"),
        ("Isso que ninguém conta", None),
        ("Introdução ao Método GPS", "Método GPS"),
        ("Erros de composição que todo mundo comete", None),
        ("Duas contas, uma fronteira", None),
        ("O que é um diafragma", None),
    ],
)
def test_only_what_reads_as_a_name_is_used_as_one(title: str, name: str | None) -> None:
    """Questions and clauses would make a sentence stumble."""
    assert nameable(title) == name


@pytest.mark.parametrize(
    ("objective", "phrase"),
    [
        ("Explicar o método.", "explicar o método"),
        ("Ao final, você vai criar um plano", "criar um plano"),
        ("O aluno será capaz de medir o efeito", "medir o efeito"),
        ("Compor uma cena", "compor uma cena"),
        ("Lugar de trabalho", None),
        ("Melhor postura", None),
        ("Confiança para negociar", None),
        ("", None),
    ],
)
def test_an_infinitive_is_told_from_a_noun(objective: str, phrase: str | None) -> None:
    """Only a verb can follow “você vai”."""
    assert infinitive(objective) == phrase


@pytest.mark.parametrize(
    ("objective", "phrase"),
    [
        ("Calcular o custo mensal a partir de três extratos", "custo mensal"),
        ("Reservar o imposto antes de gastar", "imposto"),
        ("Calcular a hora incluindo reuniões", "hora"),
        ("Montar a reserva um mês de custo por vez", None),
        ("Confiança", None),
    ],
)
def test_what_a_verb_acts_on_ends_where_the_phrase_ends(objective: str, phrase: str | None) -> None:
    """Half a clause is no name."""
    assert noun_phrase(objective) == phrase


def test_quotes_inside_do_not_close_ours() -> None:
    """A title with quotes of its own can be quoted."""
    assert quotable('A "regra" de ouro.') == "A ’regra’ de ouro"
    assert quotable("**Negrito** e `código`.") == "Negrito e código"


def test_a_topic_is_never_empty() -> None:
    """A title of one generic word is its own topic."""
    assert topic("Introdução") == "Introdução"


def test_greetings_and_sayings_are_told_apart() -> None:
    """A greeting opens a lesson, a saying closes it, a half sentence does neither."""
    phrases = ("Olha só...", "Fala, gente!", "Conta simples, feita sempre.", "Tá?", "É tipo [metáfora]")
    assert greeting(phrases) == "Fala, gente!"
    assert sayings(phrases) == ["Conta simples, feita sempre."]


def test_an_authors_notes_are_not_spoken() -> None:
    """What stands in brackets behind a phrase tells how to say it, and is not said."""
    noted = (
        '"E aí que tá..." (suspensão dramática)',
        '"Bora fazer!" (ao abrir)',
        '"Feito é melhor que perfeito." (sempre)',
    )
    assert greeting(noted) == "Bora fazer!"
    assert sayings(noted) == ["Feito é melhor que perfeito."]


@pytest.mark.parametrize(
    ("line", "clean"),
    [
        ("Pouca execução (65%)", "Pouca execução"),
        ("Melhorar a dicção (Apply - Bloom's 3)", "Melhorar a dicção"),
        ("Configurar o ambiente (editor, terminal)", "Configurar o ambiente (editor, terminal)"),
    ],
)
def test_shares_and_levels_behind_a_line_are_notes(line: str, clean: str) -> None:
    """They are for the author, not for the reader of a lesson."""
    assert without_notes(line) == clean


@pytest.mark.parametrize(
    ("name", "title", "objective", "said"),
    [
        ("dinheiro do trabalho", "Duas Contas", "Separar o dinheiro do trabalho e o da casa", "o dinheiro do trabalho"),
        ("Custo Real", "O Custo Real", "Calcular o custo mensal", "o “Custo Real”"),
        ("regra dos terços", "A regra dos terços e quando esquecê-la", "", "a regra dos terços"),
        ("hora dourada sem pressa", "A hora dourada sem pressa", "", "a hora dourada"),
        ("olhar", "Treinando o olhar no caminho", "", "o olhar"),
        ("Dívidas", "As Dívidas", "Quitar as dívidas", None),
        ("clientes", "Atendimento", "Responder a clientes", None),
        ("cliente difícil", "Atendimento", "Responder a cliente difícil", None),
        ("estilo", "Criando um estilo", "", "o estilo"),
        ("Sensibilidade", "Sensibilidade e ruído", "", "a sensibilidade"),
        ("Foco manual", "Foco manual na prática", "", "o foco manual"),
        ("Luz dura", "Luz dura e luz macia", "", None),
        ("Foto", "Foto e legenda", "", None),
        ("Arduino", "Arduino", "Programar com Arduino", None),
    ],
)
def test_a_name_keeps_the_article_of_its_author(name: str, title: str, objective: str, said: str | None) -> None:
    """A noun of the author's stands in a sentence with its article; what is no article is not taken for one."""
    assert with_article(name, title, [objective]) == said


@pytest.mark.parametrize(
    ("title", "listed"),
    [
        ("Cor, temperatura e humor", ["cor", "temperatura", "humor"]),
        ("Luz dura e luz macia", ["luz dura", "luz macia"]),
        ("RAW vs JPEG no celular", ["RAW", "JPEG"]),
        ("Primeiro plano, meio e fundo", ["primeiro plano", "meio", "fundo"]),
        ("Luz dura e macia", []),
        ("Preto e branco com intenção", []),
        ("Congelar ou borrar", []),
        ("A regra dos terços e quando esquecê-la", []),
    ],
)
def test_what_a_title_lists_is_told_from_what_it_qualifies(title: str, listed: list[str]) -> None:
    """Two nouns side by side are two things; an adjective, a verb or a clause after the “e” is none."""
    assert listed_nouns(title) == listed


@pytest.mark.parametrize(
    ("title", "said"),
    [
        ("MÉTODO GPS", "Método GPS"),
        ("DIDÁTICA PARA O ALUNO", "Didática para o aluno"),
        ("HTML NA PRÁTICA", "HTML na prática"),
        ("Luz e Sombra", "Luz e Sombra"),
        ("HTML", "HTML"),
    ],
)
def test_titles_in_capitals_do_not_shout_in_a_sentence(title: str, said: str) -> None:
    """Acronyms keep their capitals, and so does what was never all in capitals."""
    assert sentence_case(title) == said
