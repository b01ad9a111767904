"""Loading: from the raw archive into the raw tables, validated; what is wrong is quarantined."""
