"""Operations that differ between devices, with one implementation for each kind of device."""
