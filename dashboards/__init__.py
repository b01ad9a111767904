"""The dashboard: frames in, pages out. A Dash app on the published file.

    app.py          builds the app: layout.py (the frame), callbacks.py, scripts.py
    web/            its HTTP server, and what protects it
    export/         files for people without the server: reports and downloads
    pages/<page>/   page.py lists its cards, figures.py draws them, queries/ has the SQL behind them
    incremental.py  the body of a page, or only the cards that a choice changed
    components/     cards, controls, tables, the theme, charts that several pages share
    generations.py  the published generations; cache.py, query.py

Imports go down this list. Nothing here knows a home, a setting or how DuckDB is opened: the
`tokentide` command hands that in as an `AppContext`.
"""
