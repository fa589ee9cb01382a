"""Incidents and buildings handed in by http."""

from __future__ import annotations

import json

import httpx
import shapely

from tests.small_city import COMMUNITIES, cell_centre
from tests.uploads import INCIDENTS, committed, declare, hand_in, incidents_file, settled


def test_incidents_in_gbk_come_in(site: httpx.Client) -> None:
    seen = hand_in(site, incidents_file(), "工单.csv", "incidents")
    assert (seen["state"], seen["holds"]["encoding"]) == ("read", "gbk"), seen
    assert {name: one["value"] for name, one in seen["guess"].items()} | {"datum": "wgs84"} == INCIDENTS
    assert declare(site, seen["id"], **INCIDENTS, source_all="12345").status_code == 200
    assert site.post(f"/v1/imports/{seen['id']}/judge").status_code == 202
    found = settled(site, seen["id"])
    assert (found["state"], found["judged"]["summary"]["stored"]) == ("judged", 41), found
    assert found["judged"]["summary"]["unassigned"] == 1
    outside = site.get(f"/v1/imports/{seen['id']}/findings?kind=outside").json()["findings"]
    assert [(one["rows"], one["lon"], one["lat"]) for one in outside] == [([42], 121.9, 36.1)]
    drawn = site.get(f"/v1/imports/{seen['id']}/overlay.geojson").json()["features"]
    assert sum(one["geometry"]["type"] == "Point" and "code" in one["properties"] for one in drawn) == 41
    assert committed(site, seen["id"])["committed"]["stored"] == 41
    assert len(site.get("/v1/incidents?limit=100").json()["features"]) == 41


def test_a_bad_row_keeps_incidents_out_unless_it_is_left_out(site: httpx.Client) -> None:
    number = hand_in(site, incidents_file(bad=True), "工单.csv", "incidents")["id"]
    for skip_bad, state, severity in ((False, "refused", "error"), (True, "judged", "warning")):
        declare(site, number, **INCIDENTS, source_all="12345", skip_bad=skip_bad)
        site.post(f"/v1/imports/{number}/judge")
        found = settled(site, number)
        assert found["state"] == state, found
        worst = site.get(f"/v1/imports/{number}/findings?kind=unreadable_time").json()["findings"][0]
        assert (worst["severity"], worst["rows"], worst["value"]) == (severity, [5], "昨天")
    assert site.get("/v1/incidents").json()["numberReturned"] == 0
    assert committed(site, number)["committed"]["stored"] == 40


def test_a_column_that_is_left_out_stays_out(site: httpx.Client) -> None:
    number = hand_in(site, incidents_file(), "工单.csv", "incidents")["id"]
    told = {name: value for name, value in INCIDENTS.items() if name != "category"}
    declare(site, number, **told, source_all="12345")
    site.post(f"/v1/imports/{number}/judge")
    assert "category" not in settled(site, number)["judged"]["summary"]["columns"]


def test_buildings_come_in(site: httpx.Client) -> None:
    lon, lat = cell_centre(2, 1)
    footprints = [shapely.box(lon + 4e-4 * at, lat, lon + 4e-4 * at + 2e-4, lat + 2e-4) for at in range(3)]
    features = [
        {"type": "Feature", "properties": {"编号": f"B{at}", "层数": "6"}, "geometry": shapely.geometry.mapping(shape)}
        for at, shape in enumerate(footprints)
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    seen = hand_in(site, content, "建筑.geojson", "buildings")
    mapping = {name: one["value"] for name, one in seen["guess"].items()}
    assert mapping == {"reference": "编号", "floors": "层数"}
    declare(site, seen["id"], **mapping, datum="wgs84", source_all="测绘")
    site.post(f"/v1/imports/{seen['id']}/judge")
    assert settled(site, seen["id"])["judged"]["summary"]["stored"] == 3
    assert committed(site, seen["id"])["committed"]["stored"] == 3
    site.delete(f"/v1/imports/{seen['id']}")


def test_lines_come_in(site: httpx.Client) -> None:
    (west, south), (east, north) = cell_centre(0, 0), cell_centre(3, 2)
    features = [
        {
            "type": "Feature",
            "properties": {"路名": name, "道路等级": "arterial"},
            "geometry": {"type": "LineString", "coordinates": [[west, lat], [east, lat]]},
        }
        for name, lat in (("人民路", south), ("文化路", north))
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()
    seen = hand_in(site, content, "道路.geojson", "lines")
    mapping = {name: one["value"] for name, one in seen["guess"].items()}
    assert mapping == {"name": "路名", "road_class": "道路等级"}
    declare(site, seen["id"], **mapping, datum="wgs84", kind_all="road")
    site.post(f"/v1/imports/{seen['id']}/judge")
    found = settled(site, seen["id"])
    assert found["judged"]["summary"]["stored"] == 2, found
    drawn = site.get(f"/v1/imports/{seen['id']}/overlay.geojson").json()["features"]
    assert [one["geometry"]["type"] for one in drawn] == ["LineString"] * 2
    assert committed(site, seen["id"])["committed"]["stored"] == 2


def test_units_come_in_by_the_page_with_their_own_words_in_the_form(site: httpx.Client) -> None:
    lon, lat = cell_centre(2, 1)
    content = f"编号,单位名称,党员数,经度,纬度\nU1,甲,3,{lon},{lat}\nU2,乙,许多,,\n".encode("gbk")
    seen = hand_in(site, content, "单位.csv", "units")
    form = {one["name"]: one for one in seen["fields"]}
    assert form["members"]["words"] == {"zh": "正式党员数", "en": "Full members"}
    assert (form["name"]["is_needed"], form["datum"]["is_needed"]) == (True, False)
    told = {name: one["value"] for name, one in seen["guess"].items()}
    assert told == {"reference": "编号", "name": "单位名称", "members": "党员数", "lon": "经度", "lat": "纬度"}
    number = seen["id"]
    declare(site, number, **told, source_all="普查")
    site.post(f"/v1/imports/{number}/judge")
    assert "no datum is told" in settled(site, number)["problem"]["detail"]
    declare(site, number, **told, source_all="普查", datum="wgs84")
    site.post(f"/v1/imports/{number}/judge")
    found = settled(site, number)
    assert {one["kind"] for one in found["judged"]["kinds"]} == {"unreadable_figure", "no_position", "encoding"}
    assert committed(site, number)["committed"]["stored"] == 2
    (unit,) = site.get("/v1/units?q=U1").json()["features"]
    assert (unit["properties"]["members"], unit["properties"]["source"]) == (3, "普查")


def test_staff_slots_need_no_datum(site: httpx.Client) -> None:
    content = f"编号,网格编码,条线,专兼职,岗位数,在岗数\nS1,{COMMUNITIES[0]}001,公安,专职,2,1\n".encode()
    seen = hand_in(site, content, "岗位.csv", "staff-slots")
    assert "datum" not in {one["name"] for one in seen["fields"]}
    declare(site, seen["id"], **{name: one["value"] for name, one in seen["guess"].items()}, source_all="街道")
    site.post(f"/v1/imports/{seen['id']}/judge")
    assert settled(site, seen["id"])["state"] == "judged"
    assert committed(site, seen["id"])["committed"]["stored"] == 1
