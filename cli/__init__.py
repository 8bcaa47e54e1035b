"""The command line `autopromote`: it talks HTTP to the listener, and to nothing else of ours."""
