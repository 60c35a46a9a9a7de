"""Measurements of the engine: its speed beside a random forest's, its quality beside other models'.

Needs the extra ``bench``; nothing outside of this folder imports it, but for the CLI when it is asked to.
"""
