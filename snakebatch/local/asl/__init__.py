"""Amazon States Language: what a definition may say, and what it then does.

Read in this order: `resources` and `definition` (what is accepted), `dataflow` (inputs and outputs in both
query languages), `visit` (one state's work), `interpreter` (the road from state to state), `execution` and
`history` (what can be asked of it afterwards), `runtime` (the one thread all of this runs in, and the
worker threads that call the services).
"""
