"""The made city: a fictional town, any size, the same bytes for the same seed.

It falls in this order: :mod:`terrain` (where the river bends) → :mod:`streets` (arterials and the cells between them)
→ :mod:`blocks` (cells split into blocks) → :mod:`ground` (the one planar arrangement, what each face is used for) →
:mod:`districts` (faces united into grids and areas) → :mod:`buildings`, :mod:`incidents` → :mod:`writing`.
"""
