"""The process around a run: wake-ups, signals to the supervisor, crashes."""
