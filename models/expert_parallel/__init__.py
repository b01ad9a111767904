"""Expert parallelism: a mixture-of-experts layer over several ranks, its schedules, and what they should gain."""
