"""The receiver: takes in pushed metrics and writes the segments that the collector writes."""
