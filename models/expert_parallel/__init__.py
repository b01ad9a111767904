"""Expert parallelism: a mixture-of-experts layer on several ranks, its schedules, their gains."""
