"""The commands of `promotions`."""
