"""The sandbox's process: one tornado application over the three services.

Belongs here: putting the services together, serving them, stopping. Not here: what a service does,
or when the process is started (``lifecycle.py``).
"""
