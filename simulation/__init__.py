"""The whole way from generator to database in one process, under a seed: see docs/simulation.md."""
