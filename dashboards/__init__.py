"""Frames in, pages out: a Dash app on the published file.

    sources.py    what the app is given: the published generations, how to open one, how to run a person's SQL
    pages/        one file a page: its controls and its cards
    queries/      the SQL behind the cards, one file a card
    figures/      pure functions from a frame to a figure
    app.py        the frame around the pages: navigation, filters in the URL, one generation a page

Nothing here knows where state lies or how DuckDB is opened; the `tokentide` command hands that in.
"""
