"""Load brought into its band by the fewest moves: pure, from ground and buildings to changes of a plan.

It falls in this order: ``planes`` (metres around a place) → ``obstacles`` (what may not be cut) → ``cutting`` (a block
between its buildings) → ``problems`` (what is to be balanced, how an answer is measured) → ``atoms`` (the ground that
moves as a whole) → ``searching`` and ``solving`` (answers) → ``fronts`` (three of them) → ``drawing`` (as changes).
"""
