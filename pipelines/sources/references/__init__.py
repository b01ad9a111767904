"""Lists of others that say where labs are and whether models are open: evidence for curation."""
