from generators.writers.choice import writer_for
from generators.writers.offline import OfflineWriter
from generators.writers.writer import Estimate, Writer

__all__ = ["Estimate", "OfflineWriter", "Writer", "writer_for"]
