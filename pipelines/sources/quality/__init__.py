"""Quality of models as others measure it: votes of people, and an index over many benchmarks."""
