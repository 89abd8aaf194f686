from generators.reading.brief.model import Audience, Brief, Pain, Voice, VoiceMode
from generators.reading.brief.reader import parse_brief, read_brief

__all__ = ["Audience", "Brief", "Pain", "Voice", "VoiceMode", "parse_brief", "read_brief"]
