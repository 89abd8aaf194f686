"""The `generate` command: make, read and import courses. It works offline and never asks for the database."""

import click

from generators.errors import GeneratorError
from outbox.command_line import LazyGroup, env_file_option, run
from outbox.errors import OutboxError
from outbox.settings import OutboxSettings

_COMMANDS = {
    "import": ("generators.commands.import_folders:import_command", "Import existing course folders."),
    "inspect": ("generators.commands.inspect:inspect", "Show what was read in a brief, curriculum or course."),
    "course": ("generators.commands.course:course", "Make a course from a brief: curriculum, lessons, assessments."),
    "brief": ("generators.commands.course:check_brief", "Say whether a course can be made from a brief."),
    "curriculum": ("generators.commands.course:curriculum", "Make the curriculum from a brief's outline."),
    "approve": ("generators.commands.course:approve", "Look a curriculum over and approve it."),
    "lessons": ("generators.commands.course:lessons", "Write the lessons of an approved curriculum."),
    "write": (
        "generators.commands.write:write",
        "Write the lessons that a curriculum lists and its folder lacks.",
    ),
    "assessments": ("generators.commands.course:assessments", "Write quizzes and the final project."),
    "sync": ("generators.commands.sync:sync", "Take over what was changed by hand since it was published."),
    "score": ("generators.commands.score:score", "Score the lessons of a course folder."),
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    settings=[OutboxSettings],
    context_settings={"help_option_names": ["-h", "--help"]},
)
@env_file_option
@click.version_option(package_name="creatoros-outbox")
def cli() -> None:
    """Make courses, and import those that exist; everything goes to the local outbox.

    Files are published below CONTENT_ROOT (default outputs), events go to OUTBOX_PATH (default
    .outbox/outbox.db). Neither network nor database is needed.

    Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration, 4 a check did not hold.

    \b
    Examples:
      generate import outputs/courses
      generate course outputs/courses/meu-curso/COURSE-BRIEF.md --approve
      generate inspect brief outputs/courses/*/COURSE-BRIEF.md --json
    """


def main() -> None:
    """Run the command line."""
    run(cli, errors=(GeneratorError, OutboxError))
