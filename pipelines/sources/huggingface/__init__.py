"""The Hugging Face Hub: counts of downloads by model, as it counts them, and what models say."""
