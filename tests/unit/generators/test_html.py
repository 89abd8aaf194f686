import pytest

from generators.reading.markdown.html import MAX_HTML_CHARACTERS, markdown_of


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<h2>Massa</h2><p>Farinha.</p>", ["## Massa", "Farinha."]),
        ("<ol><li>um</li><li>dois</li></ol>", ["1. um", "1. dois"]),
        ("<ul><li>um<ul><li>dentro</li></ul></li></ul>", ["- um", "   - dentro"]),
        ("<ul><li><p>um</p></li></ul><p>fora</p>", ["- um", "fora"]),
        (
            "<table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table>",
            ["|a | b |", "| --- | --- |", "|1 | 2 |"],
        ),
        ("<p><b>forte</b> e <strong>firme</strong></p>", ["**forte** e **firme**"]),
        ("<p>um<br>dois</p>", ["um", "dois"]),
        ("<p><input type=checkbox checked>feito</p>", ["[x] feito"]),
        ("<p><input type=checkbox>por fazer</p>", ["[ ] por fazer"]),
        ("<p><input type=text>nada</p>", ["nada"]),
        ("<style>p {}</style><p>um</p><script>alert(1)</script>", ["um"]),
        ("</script></ul></li><p>fim que nunca começou</p>", ["fim que nunca começou"]),
        ("<p>caf&eacute; &amp; p&atilde;o</p>", ["café & pão"]),
    ],
)
def test_what_html_says_is_said_in_markdown(html: str, markdown: list[str]) -> None:
    """Headings, lists, tables and boxes keep their meaning; scripts and styles say nothing."""
    text, _ = markdown_of(html)
    assert [line.rstrip() for line in text.splitlines() if line.strip()] == markdown


def test_every_line_knows_where_it_stood() -> None:
    """A warning about line 3 of the HTML names line 3, counted from 0 here."""
    text, numbers = markdown_of("<h1>um</h1>\n\n<p>dois</p>\n<p>três</p>")
    assert len(numbers) == len(text.split("\n"))
    at = {line.strip(): number for line, number in zip(text.split("\n"), numbers, strict=True) if line.strip()}
    assert at == {"# um": 0, "dois": 2, "três": 3}


def test_html_beyond_the_limit_is_not_read() -> None:
    """Broken tags take the parser quadratic time: what is too long is left alone."""
    assert markdown_of("<p>x</p>" + "<" * MAX_HTML_CHARACTERS) == ("", ())
