"""The first stage: the month's file, byte for byte as the publisher served it, on local disk.

Not here: what is in the file. That is judged when the month is normalized.
"""
