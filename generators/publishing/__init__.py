from generators.publishing.importer import Import, ImportedCourse, files_of, import_folders, named_in
from generators.publishing.payloads import CoursePayloads, Minds

__all__ = ["CoursePayloads", "Import", "ImportedCourse", "Minds", "files_of", "import_folders", "named_in"]
