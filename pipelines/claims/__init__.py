"""Claims that people keep in their home, beside those of the warehouse; and the rows of both."""
