"""What ``MeshSnake`` is made of: flows that decide, drivers that do, and the two ways to a mesh."""
