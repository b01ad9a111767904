"""A simulator of the token market's public APIs, served over real HTTP.

It responds as OpenRouter does: the same routes, parameter rules, refusals, limits and
restatements. So the pipeline can be run, and broken on purpose, without the network. Mode
`market` generates a synthetic market from a seed; mode `replay` serves recorded responses.

Nothing here imports the rest of `pipelines`; the pipeline knows the simulator by its address.
"""
