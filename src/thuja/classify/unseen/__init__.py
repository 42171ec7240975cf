"""Whether an organism is among the labels at all."""
