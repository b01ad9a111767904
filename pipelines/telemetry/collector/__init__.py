"""The collector: scraping, the spool, and its segments."""
