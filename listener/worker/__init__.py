"""Take work one step further: read what is needed, decide, change at most one thing at Heroku.

What is to be changed there is stored before, and how it ended after.
"""
