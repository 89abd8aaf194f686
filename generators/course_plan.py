from dataclasses import dataclass

from generators.assessments import write_assessments
from generators.brief import Brief
from generators.course_folder import CourseFolder
from generators.course_payloads import PlannedCourse
from generators.curriculum import Curriculum
from generators.curriculum_yaml import curriculum_in, load_document
from generators.lesson_writer import LessonRequest, write_lesson
from generators.outline_page import write_outline
from generators.textfile import TextFile
from outbox import OutboxSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePlan:
    """The whole course as it is going to be: lessons stand in it as the offline writer writes them.

    Attributes:
        files: bytes by name relative to the course folder.
        events: what they say to the outbox.
    """

    curriculum: Curriculum
    files: dict[str, bytes]
    events: PlannedCourse


def plan_course(
    settings: OutboxSettings,
    folder: CourseFolder,
    *,
    brief_name: str,
    brief_file: TextFile,
    brief: Brief,
    curriculum_data: bytes,
) -> CoursePlan:
    """Plan a course from its brief and approved curriculum; nothing is written.

    Args:
        settings: for the minds.
        folder: where the course will be.
        brief_name: of the brief in that folder.
        brief_file: the brief as it lies.
        brief: what it states.
        curriculum_data: bytes of the approved curriculum.yaml.
    """
    document = load_document(curriculum_data)
    curriculum = curriculum_in(document)
    files = {
        brief_name: brief_file.path.read_bytes(),
        "curriculum.yaml": curriculum_data,
        "course-outline.md": write_outline(curriculum).encode(),
    }
    heads = {}
    for index, lesson in enumerate(curriculum.lessons):
        written = write_lesson(LessonRequest(brief=brief, curriculum=curriculum, index=index))
        name = lesson.file_path or ""
        files[name], heads[name] = written.text.encode(), written.head
    files |= {name: text.encode() for name, text in write_assessments(brief, curriculum)}
    events = PlannedCourse(settings, folder, files=files, brief=brief, heads=heads, curriculum=document)
    return CoursePlan(curriculum=curriculum, files=files, events=events)
