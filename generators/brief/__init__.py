from generators.brief.model import (
    Audience,
    Brief,
    Level,
    OutlineLesson,
    OutlineModule,
    Pain,
    Voice,
    VoiceMode,
)

__all__ = [
    "Audience",
    "Brief",
    "Level",
    "OutlineLesson",
    "OutlineModule",
    "Pain",
    "Voice",
    "VoiceMode",
    "Warning",
]
