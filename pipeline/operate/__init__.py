"""The operator's commands, ``tlc``: what is where, what runs when, the sandbox, sample months."""
