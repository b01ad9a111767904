"""Usual questions of the published file, by name, from questions.sql."""

import re
from pathlib import Path

NAMED = re.compile(r"^-- (?P<name>.+)\n(?P<sql>select[^;]+);", re.MULTILINE)
TABLE = re.compile(r"\{(\w+)\}")

TEXT = Path(__file__).with_name("questions.sql").read_text(encoding="utf-8")
QUESTIONS = {found["name"]: found["sql"] for found in NAMED.finditer(TEXT)}
TABLES = tuple(dict.fromkeys(TABLE.findall(TEXT)))
