"""NYC taxi trip records, month by month: ``luigi --module pipeline LoadMonthToBQ``.

Belongs here: the tasks a command line can name, and nothing else.
"""
