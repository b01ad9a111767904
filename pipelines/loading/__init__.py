"""From the raw archive to the raw tables: checked, set aside with a reason where it cannot be believed, each figure kept for good."""
