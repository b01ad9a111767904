"""`python -m pipelines` is `tokentide`."""

from pipelines.cli.market.market import main

main()
