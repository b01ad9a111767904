"""dbt: starting it, its manifest, and the lineage that it knows."""
