"""OpenRouter: one file for each of its endpoints."""
