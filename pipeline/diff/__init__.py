"""What the newest replacement of a month has changed.

Belongs here: which two versions of a month are compared, and what differs between them. Not here:
noticing a replacement (``core/sightings.py``), loading it, and how a difference is shown
(``operate/diff.py``).
"""
