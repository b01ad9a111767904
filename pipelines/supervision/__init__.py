"""Processes of one product: started in order, watched, started again, ended together."""
