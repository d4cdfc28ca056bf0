"""``tlc report``: one file that shows what is where, how good it is and what ran.

Belongs here: asking what the page shows (``gather.py``), what it says of it (``views.py``), its
drawings (``charts.py``) and the page itself (``page.py``, ``page.html.j2``). Not here: any verdict
(``pipeline/survey``), and the command (``pipeline/operate``).
"""
