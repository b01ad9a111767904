"""What Dagster runs: thin assets over the functions that the command calls too, their checks, jobs and schedules.

Nothing that decides lives here; a step asks, lands, builds or publishes by calling `pipelines`, and says what came of it.
"""
