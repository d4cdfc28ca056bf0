"""Work that luigid holds: asking it for a deployment's task, and taking such tasks from it.

Belongs here: queues, the trigger's request, and the agent, Luigi's worker bound to one queue. Not
here: deployments (``deployments/``), the command line (``operate/``), starting luigid.
"""
