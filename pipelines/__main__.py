"""`python -m pipelines` is `tokentide`."""

from pipelines.cli import main

main()
