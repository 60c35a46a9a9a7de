"""The gatherer's HTTP API: what a route reads and answers, and who may call. What it does is the mesh's."""
