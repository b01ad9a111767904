"""Streamlit's side of `dashboard.py`: the same query on the same file, drawn as the same bars.

It needs streamlit, duckdb and plotly, and is written as Streamlit's guides say: one connection for
all sessions, and cached results.
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
    """Open the file once for the process."""
    return duckdb.connect(ASKED["file"], read_only=True)


@st.cache_data
def weeks(basis: str) -> list[tuple[object, ...]]:
    """Return (week, member, share) of a basis."""
    con = connection().cursor()
    con.execute("use marts")
    query = ASKED["questions"][basis]
    return con.sql(f"select week_start, member, share from ({query})").fetchall()


st.set_page_config(layout="wide")
st.title("Market")
chosen = st.radio("Basis", list(ASKED["questions"]), horizontal=True)
drawn = go.Figure(layout={"barmode": "stack", "yaxis": {"tickformat": ".0%"}, "height": 460})
rows = weeks(chosen)
for member in dict.fromkeys(row[1] for row in rows):
    own = [row for row in rows if row[1] == member]
    drawn.add_bar(x=[row[0] for row in own], y=[row[2] for row in own], name=member)
st.plotly_chart(drawn, use_container_width=True)
