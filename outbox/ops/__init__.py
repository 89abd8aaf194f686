"""For people and screens: status, checks, backup, retention, export and import."""
