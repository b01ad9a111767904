"""The pipeline that moves data: sources, archive, loading, transform, publish, the command."""
