"""The commands of `webhooks`."""
