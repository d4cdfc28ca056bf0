"""The taxi zones: TLC's table of what the location ids of trips mean, brought the way months are.

Beside the stages: uses download, lake and bigquery, and nothing of theirs uses it.
"""
