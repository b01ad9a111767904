"""Parts of charts that several pages draw."""
