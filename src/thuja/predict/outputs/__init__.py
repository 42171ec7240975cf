"""What is written: columns, rows, forms of other systems, and the log beside them."""
