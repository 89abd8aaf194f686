from generators.importing.importer import Import, ImportedCourse, import_folders
from generators.importing.payloads import Minds

__all__ = ["Import", "ImportedCourse", "Minds", "import_folders"]
