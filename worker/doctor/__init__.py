"""Says what is well on this host, in the outbox and in the database, what is not, and what mends it."""

from worker.doctor.examine import examine, exit_code, of_faults
from worker.doctor.finding import Finding

__all__ = ["Finding", "examine", "exit_code", "of_faults"]
