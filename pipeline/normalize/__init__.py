"""From the file as published to the service's canonical schema, with every row accounted for.

Belongs here: matching columns, casting values, the quarantine, the audit and the canonical file.
Not here: what the canonical schema is (``schemas/``) and how the raw file came (``download/``).
"""
