"""The warehouse: the dbt project, the migrations of raw tables, the one place that opens DuckDB."""
