from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_table_in_the_guide_is_the_table_that_is_tried() -> None:
    """docs/security.md shows the matrix of migrations/impersonation.sql, to the letter."""
    script = (ROOT / "migrations" / "impersonation.sql").read_text(encoding="utf-8")
    matrix = script.split("$matrix$")[1].strip("\n")
    assert len(matrix.splitlines()) == 20
    assert matrix in (ROOT / "docs" / "security.md").read_text(encoding="utf-8")


def test_the_guide_searches_with_the_expression_of_the_index() -> None:
    """An index serves its own expression only."""
    guide = (ROOT / "docs" / "rollout.md").read_text(encoding="utf-8")
    indexes = (ROOT / "migrations" / "supabase" / "20260101000400_content_indexes.sql").read_text(encoding="utf-8")
    expression = "coalesce(left(title, 1000), '') || ' ' || coalesce(left(content, 20000), '')"
    assert guide.count(expression) == 2
    assert expression in indexes
