"""The operator's commands, ``tlc``: what is where, ask it, run the sandbox, make sample months."""
