"""Streamlit's side of `dashboard.py`: the same question of the same file, drawn as the same stacked bars. Needs streamlit, duckdb, plotly.

Written as Streamlit's own guides say: one connection for all sessions, and answers kept.
"""

import json
import sys
from pathlib import Path

import duckdb
import plotly.graph_objects as go
import streamlit as st

ASKED = json.loads(Path(sys.argv[1]).read_text())


@st.cache_resource
def connection() -> duckdb.DuckDBPyConnection:
    """One for the process."""
    return duckdb.connect(ASKED["file"], read_only=True)


@st.cache_data
def weeks(basis: str) -> list[tuple[object, ...]]:
    """(week, member, share) of a basis."""
    con = connection().cursor()
    con.execute("use marts")
    return con.sql(
        f"select week_start, member, share from ({ASKED['questions'][basis]})"
    ).fetchall()


st.set_page_config(layout="wide")
st.title("Market")
chosen = st.radio("Basis", list(ASKED["questions"]), horizontal=True)
drawn = go.Figure(layout={"barmode": "stack", "yaxis": {"tickformat": ".0%"}, "height": 460})
rows = weeks(chosen)
for member in dict.fromkeys(row[1] for row in rows):
    own = [row for row in rows if row[1] == member]
    drawn.add_bar(x=[row[0] for row in own], y=[row[2] for row in own], name=member)
st.plotly_chart(drawn, use_container_width=True)
