from dataclasses import dataclass

from generators.lessons import CourseFacts, cards, language_of, write_assessments, write_cards, write_kit
from generators.making.outline_page import write_outline
from generators.publishing.course_folder import CourseFolder
from generators.publishing.planned import PlannedCourse
from generators.reading.brief import Brief
from generators.reading.curriculum import Curriculum
from generators.reading.curriculum.own_file import curriculum_in, load_document
from generators.reading.text import TextFile
from generators.sources import Sources
from outbox import OutboxSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePlan:
    """The whole course as it is going to be: lessons stand in it as the offline writer writes them.

    Attributes:
        facts: what is known for each lesson.
        files: bytes by name relative to the course folder.
        events: what they say to the outbox.
    """

    facts: CourseFacts
    files: dict[str, bytes]
    events: PlannedCourse

    @property
    def curriculum(self) -> Curriculum:
        return self.facts.curriculum


def plan_course(
    settings: OutboxSettings,
    folder: CourseFolder,
    *,
    brief_name: str,
    brief_file: TextFile,
    brief: Brief,
    published: Brief,
    curriculum_data: bytes,
    sources: Sources,
) -> CoursePlan:
    """Plan a course from its brief and approved curriculum; nothing is written.

    Args:
        settings: for the minds.
        folder: where the course will be.
        brief_name: of the brief in that folder.
        brief_file: the brief as it lies.
        brief: what it states.
        published: what an import will read in it.
        curriculum_data: bytes of the approved curriculum.yaml.
        sources: what the author's notes and transcripts say.
    """
    document = load_document(curriculum_data)
    curriculum = curriculum_in(document)
    language = language_of(curriculum.language, curriculum.title or "")
    facts = CourseFacts(brief=brief, curriculum=curriculum, language=language, sources=sources)
    files = {
        brief_name: brief_file.path.read_bytes(),
        "curriculum.yaml": curriculum_data,
        "course-outline.md": write_outline(curriculum, language).encode(),
    }
    heads = {}
    for known in facts.lessons:
        written = write_kit(facts, known)
        name = known.lesson.file_path or ""
        files[name], heads[name] = written.text.encode(), written.head
    files |= {name: text.encode() for name, text in write_assessments(facts)}
    if (learned := write_cards(facts)) is not None:
        files[cards.PATH] = learned.encode()
    events = PlannedCourse(settings, folder, files=files, brief=published, heads=heads, curriculum=document)
    return CoursePlan(facts=facts, files=files, events=events)
