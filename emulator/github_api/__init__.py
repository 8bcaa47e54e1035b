"""The fake GitHub over HTTP: paths, fields and refusals of GitHub's REST API, version 2022-11-28.

All is as docs.github.com/rest says it, and as a GitHub Enterprise Server has it: below `/api/v3`.
Where something is a guess, the code says so.
"""
