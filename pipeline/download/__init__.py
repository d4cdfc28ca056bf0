"""The first stage: the published file, byte for byte as the publisher served it, on local disk.

Not here: what is in the file. That is judged when it is normalized.
"""
