"""`python -m pipelines`, the same as `tokentide`."""

from pipelines.cli import main

main()
