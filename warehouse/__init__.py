"""What is true: the dbt project, the migrations of the raw tables, and the one place that opens DuckDB."""
