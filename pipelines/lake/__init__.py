"""The distributed form: many loaders append segments to a lake, one builder publishes from it."""
