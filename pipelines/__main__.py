"""`python -m pipelines` is `tokentide`."""

from pipelines.cli.market import main

main()
