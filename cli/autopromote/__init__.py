"""The command line `autopromote`: of our programs it talks only to the listener, over HTTP."""
