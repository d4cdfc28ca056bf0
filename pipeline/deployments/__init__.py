"""Deployments: a task, its parameters and when it runs, as a file.

Belongs here: reading and judging ``config/deployments/<name>.yaml``, handing it to cron or systemd,
running it, and what is kept of its runs. Not here: the command line (``operate/``), tasks.
"""
