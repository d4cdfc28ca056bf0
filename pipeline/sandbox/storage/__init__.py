"""The stand-in for Cloud Storage: the slice of its JSON API that the official client uses.

Belongs here: buckets, objects with generations, preconditions and checksums, multipart and
resumable uploads, downloads, listings. What exists is said by one SQLite file (``catalogue.py``),
bytes lie beside it, and an object is published by one commit. Not here: anything else of Cloud
Storage (access control, compose, lifecycle, notifications, customer keys): it answers 501.
"""
