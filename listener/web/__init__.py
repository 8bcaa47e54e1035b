"""How requests come in: one selector a process speaks with clients, threads only answer.

A worker class for gunicorn. Its master, signals, settings and its reading of HTTP stay; what is
new is that no thread ever waits for a client: a request is read whole before a thread gets it, an
answer is written by the selector. An app may answer what comes most on a fast path, many at once
and without a thread each. Whatever strangers do is bounded by `Limits`, in time, in bytes
and in number.
"""
