"""Sources: how each upstream is requested and its answers are parsed. One folder an upstream."""
