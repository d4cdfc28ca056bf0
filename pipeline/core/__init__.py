"""What every stage shares: months, provenance, settings, errors, the base task.

Not here: any stage or service.
"""
