"""Take work one step further: read what is needed, at most one outside effect, one write."""
