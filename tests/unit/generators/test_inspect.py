import json
from pathlib import Path

from click.testing import CliRunner, Result

from generators.cli import cli

DATA = Path(__file__).parents[2] / "data"


def inspect(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["inspect", *map(str, arguments)])


def test_a_brief_is_shown_to_people_and_to_programs(tmp_path: Path) -> None:
    """The same values in both forms; what a brief does not say is said to be not stated."""
    brief = DATA / "briefs" / "fotografia-com-celular.md"
    values = json.loads(inspect("brief", brief, "--json").stdout)[str(brief)]
    assert values["title"]
    shown = inspect("brief", brief).stdout.splitlines()
    assert shown[0] == str(brief)
    assert f"  title: {values['title']}" in shown
    empty = tmp_path / "vazio.md"
    empty.write_text("nada\n")
    assert "  price: not stated" in inspect("brief", empty).stdout.splitlines()


def test_one_bad_path_does_not_hide_the_others(tmp_path: Path) -> None:
    """What can be read is printed, the error goes to stderr, the exit code says that something failed."""
    brief = DATA / "briefs" / "prosa.md"
    result = inspect("brief", tmp_path / "gone.md", brief)
    assert result.exit_code == 1
    assert str(brief) in result.stdout
    assert "error: " in result.stderr
    assert "gone.md" in result.stderr
    as_json = inspect("brief", tmp_path / "gone.md", brief, "--json")
    assert as_json.exit_code == 1
    assert set(json.loads(as_json.stdout)[str(tmp_path / "gone.md")]) == {"error"}


def test_the_courses_in_a_folder_are_found(tmp_path: Path) -> None:
    """A folder of courses shows each by its place; one that holds none is an error."""
    result = inspect("course", DATA / "courses", "--json")
    assert result.exit_code == 0
    (path,) = json.loads(result.stdout)
    assert path == str(DATA / "courses" / "cozinha-de-barco")
    result = inspect("course", tmp_path, "--json")
    assert result.exit_code == 1
    assert set(json.loads(result.stdout)[str(tmp_path)]) == {"error"}


def test_a_curriculum_is_shown_with_its_modules() -> None:
    """Modules, lessons and minutes, as the generator will see them."""
    (file,) = (DATA / "courses" / "cozinha-de-barco").glob("curriculum.y*ml")
    values = json.loads(inspect("curriculum", file, "--json").stdout)[str(file)]
    assert values["title"]
    assert str(file) in inspect("curriculum", file).stdout
