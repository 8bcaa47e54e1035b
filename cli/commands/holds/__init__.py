"""The commands of `holds`."""
