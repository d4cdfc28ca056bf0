"""The local stand-ins that make everything run with no account and no network.

One process, one port on 127.0.0.1: ``storage/`` (Cloud Storage), ``warehouse/`` (BigQuery) and
``publisher/`` (TLC's sample months); and ``postgres/``, the real server on a port of its own, for
who asks for it. Belongs here: the slice of those services that the pipeline
uses, as strict as the real ones; anything outside answers 501 and names what is missing. Not here:
any pipeline code; the pipeline reaches the sandbox through the real client libraries only.
"""
