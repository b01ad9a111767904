"""Spend logs of gateways, which say who used which model and what it cost."""
