"""The sandbox's publisher: sample months that look like TLC's, and the address they are served at.

Belongs here: making them up and serving them. Not here: reading the real publisher (``download/``).
"""
