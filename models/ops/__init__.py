"""The operations that differ between devices, one implementation for each kind of device."""
