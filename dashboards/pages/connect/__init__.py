"""The page on which a person names a server of theirs."""
