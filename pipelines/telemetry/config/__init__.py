"""The tier file: targets, devices, costs."""
