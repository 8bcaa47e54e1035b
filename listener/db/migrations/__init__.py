"""The schema, step by step. Migrations only expand: the code before them must go on running."""
