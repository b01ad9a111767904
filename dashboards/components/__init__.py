"""The pieces that pages are made of: cards, controls, grids, marks, the theme."""
