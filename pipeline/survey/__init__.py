"""What is where, from the truth at the targets, and what that says about each month.

Belongs here: gathering the stages' answers, and judging them. Not here: how they are shown
(``operate/``, ``report/``), and changing anything.
"""
