"""Building blocks of pages: cards, controls, tables, charts that several pages share, the theme."""
