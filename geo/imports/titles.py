"""What each kind of finding on boundaries is called on a page; the command line and JSON keep the key."""

from __future__ import annotations

TITLES: dict[str, tuple[str, str]] = {
    "datum_contradicted": ("坐标基准与文件自称的不符", "Datum contradicts the file's own CRS"),
    "datum_unlabelled": ("文件未注明坐标系", "The file names no CRS"),
    "latitude_first": ("纬度在前", "Latitude comes first"),
    "coordinates_not_finite": ("坐标不是有限数", "Coordinates are no finite numbers"),
    "coordinates_out_of_range": ("坐标超出范围", "Coordinates out of range"),
    "geometry_empty": ("没有几何", "No geometry"),
    "geometry_unreadable": ("几何无法读取", "Geometry cannot be read"),
    "geometry_not_polygon": ("几何不是面", "Geometry is no polygon"),
    "ring_invalid": ("环自相交", "A ring crosses itself"),
    "reader_warning": ("读取时的警告", "Warning while reading"),
    "columns_collide": ("列名只差大小写", "Columns differ in case only"),
    "text_damaged": ("文字已损坏", "Damaged text"),
    "name_blank": ("没有名称", "No name"),
    "kind_unknown": ("网格类型未知", "Unknown kind of grid"),
    "code_blank": ("没有编码", "No code"),
    "code_duplicate": ("编码重复", "Code given twice"),
    "code_on_two_levels": ("编码跨两级", "Code on two levels"),
    "code_length": ("编码位数不符", "Code of wrong length"),
    "code_not_nested": ("编码不以上级开头", "Code does not begin with its parent's"),
    "code_reserved": ("编码留给兜底地块", "Code is reserved for fallback ground"),
    "level_mixed": ("混有别级的行", "Rows of another level"),
    "parts_joined": ("几块已合并", "Parts joined"),
    "parent_blank": ("没有上级", "No parent"),
    "parent_unknown": ("上级不存在", "Parent is not there"),
    "parent_doubtful": ("上级存疑", "Doubtful parent"),
    "parents_disagree": ("上级与地面不一", "Ground lies in another parent"),
    "parents_differ": ("上级不一致", "Parents differ"),
    "parent_name": ("上级名称不同", "Parent called otherwise"),
    "rows_repeated": ("行重复", "Rows given twice"),
    "totals_repeated": ("总数逐块重复", "Totals repeated on every part"),
    "exclave": ("飞地", "Exclave"),
    "grids_do_not_tile": ("网格未铺满", "Grids that do not tile"),
    "grid_without_ground": ("网格没有地面", "Grid without ground"),
    "overlap": ("重叠", "Overlap"),
    "gap": ("缝隙", "Gap"),
    "unmatched": ("边线未对齐", "Edges do not match"),
    "hairline": ("毫米级缝", "Hairlines, matched"),
    "outside_parent": ("超出上级", "Outside its parent"),
    "outside_outline": ("超出城市外廓", "Outside the city"),
    "outlines_differ": ("各层外廓不一", "Layers disagree about the outline"),
    "ground_without_area": ("地面没有下级", "Ground in none of the areas below"),
    "ground_unassigned": ("兜底地块", "Ground in no named grid"),
    "code_matched": ("沿用现行编码", "Keeps the code in force"),
    "code_new": ("新编码", "New code"),
    "area_without_ground": ("区域没有地面", "Area without ground"),
    "area_made": ("补入的区域", "Area made of what names it"),
    "area_left_out": ("不予采用的区域", "Area left out"),
    "not_contiguous": ("网格分成几块", "Grid in several parts"),
    "too_small": ("网格过小", "Grid too small"),
    "union_differs": ("不等于下级之和", "Not the union of what lies in it"),
}


def titled(kind: str) -> dict[str, str]:
    """Words for a kind in both languages; the key itself for one that has none."""
    zh, en = TITLES.get(kind, (kind, kind))
    return {"zh": zh, "en": en}
