"""The hub's shared language and its use cases.

`synchub` imports nothing here on purpose: `synchub --help` must start in half a CPU second.
"""
