"""A stand-in for the token market's public APIs, served over real HTTP.

It answers as OpenRouter does: the same routes, rules, refusals, limits and figures' vintages, so the pipeline can be run and
broken on purpose without the network. `replay` serves recorded answers, `market` an invented but plausible market.
Nothing here knows the pipeline; the pipeline only knows its address.
"""
