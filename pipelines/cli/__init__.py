"""The command `tokentide`: verbs, and what they print."""
