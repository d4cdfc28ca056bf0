"""The operator's commands, ``tlc``: what is where, ask it, schedule it, run the sandbox, make sample months."""
