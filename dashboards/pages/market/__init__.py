"""The page of the market: shares, ranks, concentration, spend."""
