"""Plans: changes of the division that are drawn up, looked at and undone before anyone publishes them.

``drafts`` keeps plans and their changes, ``wire`` writes a change as JSON, ``previews`` works a plan out on the edition
in force and publishes what it shows.
"""
