"""Whether what is where agrees, stage by stage, by reading it again.

Belongs here: reading counts and checksums at each stage, a module per stage, and comparing them;
the command that mends what disagrees. Not here: whether a month is wanted or of the newest version
(``survey/``), loading anything, and how findings are shown (``operate/``).
"""
