"""The pages for people: one file a page, the frame of all, templates, one style sheet."""
