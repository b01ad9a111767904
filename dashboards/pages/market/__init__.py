"""The market page: shares, ranks, concentration, models, use and prices."""
