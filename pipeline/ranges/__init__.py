"""Tasks about many months: a list, a range, all that is published.

Belongs here: which months are meant, and which of them are missing. Not here: how one month is
loaded (each stage's ``task.py``).
"""
