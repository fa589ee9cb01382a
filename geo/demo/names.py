"""Invented Chinese names with English beside them, each given once; combined by chance, from no list of places."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np

CITY = ("云泽市", "Yunze")

_FIRST_ZH = (
    "文云锦瑞和清翠明丰玉泰永兴安福华景书凤龙松柏桂荷柳桃梅兰竹星春新康宁澄怀蓝青金银珠霞晨晴雅德信义仁礼善崇弘嘉"
)
_FIRST_EN = (
    "wen yun jin rui he qing cui ming feng yu tai yong xing an fu hua jing shu feng long song bai gui he liu tao mei "
    "lan zhu xing chun xin kang ning cheng huai lan qing jin yin zhu xia chen qing ya de xin yi ren li shan chong "
    "hong jia"
)
_FIRST = dict(zip(_FIRST_ZH, _FIRST_EN.split(), strict=True))
_SECOND_ZH = "汇苑园泽湖桥亭轩庭里巷坊岭港湾溪洲浦塘屏源林山泉台阁府荣秀麓畔岸堤渡圃原垣庐舍井"
_SECOND_EN = (
    "hui yuan yuan ze hu qiao ting xuan ting li xiang fang ling gang wan xi zhou pu tang ping yuan lin shan quan tai "
    "ge fu rong xiu lu pan an di du pu yuan yuan lu she jing"
)
_SECOND = dict(zip(_SECOND_ZH, _SECOND_EN.split(), strict=True))
_SIDES = {"东": "dong", "西": "xi", "南": "nan", "北": "bei", "中": "zhong"}
_DIGITS = "零一二三四五六七八九"
DEDICATED: dict[str, tuple[tuple[str, str], ...]] = {
    "office": (
        ("大厦", "Tower"), ("国际中心", "International Centre"), ("商务中心", "Business Centre"),
        ("金融广场", "Financial Plaza"),
    ),
    "mall": (("万象城", "Galleria"), ("购物中心", "Shopping Centre"), ("天地", "Plaza"), ("百货", "Department Store")),
    "market": (("农贸市场", "Farmers' Market"), ("建材市场", "Building Materials Market"), ("商贸城", "Trade Centre")),
    "school": (
        ("中学", "Middle School"), ("小学", "Primary School"), ("实验学校", "Experimental School"), ("学院", "College"),
    ),
    "hospital": (
        ("医院", "Hospital"), ("中医院", "Hospital of Chinese Medicine"), ("妇幼保健院", "Maternity Hospital"),
    ),
    "park": (("公园", "Park"), ("体育公园", "Sports Park"), ("湿地公园", "Wetland Park")),
    "industry": (("产业园", "Industrial Park"), ("科技园", "Science Park")),
    "lake": (("湖公园", "Lake Park"),),
}  # fmt: skip

Name = tuple[str, str]


def number_zh(number: int) -> str:
    """Chinese numeral of 1 … 999."""
    hundreds, rest = divmod(number, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else _DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (_DIGITS[ones] if ones else "")


class Namer:
    """Two-character names in an order of chance, never one twice; three, then four when those are used up."""

    def __init__(self, chance: np.random.Generator, taken: frozenset[str] = frozenset()) -> None:
        self._left = self._names(chance)
        self._taken = set(taken)

    def _names(self, chance: np.random.Generator) -> Iterator[Name]:
        pairs = list(product(_FIRST, _SECOND))
        shuffled = [pairs[at] for at in chance.permutation(len(pairs))]
        said = {**_FIRST, **_SIDES}
        for prefix in ("", *_SIDES, *_FIRST, *(a + b for a, b in product(_FIRST, _SIDES))):
            begin = "".join(said[one] for one in prefix)
            for first, second in shuffled:
                if first != second:
                    yield prefix + first + second, f"{begin}{_FIRST[first]}{_SECOND[second]}".capitalize()

    def next(self) -> Name:
        """The next name, Chinese and pinyin."""
        while True:
            zh, en = next(self._left)
            if zh not in self._taken and en not in self._taken:
                self._taken |= {zh, en}
                return zh, en

    def many(self, count: int) -> list[Name]:
        """The next ``count`` names."""
        return [self.next() for _ in range(count)]


def with_suffix(names: list[Name], zh: str, en: str) -> list[Name]:
    """Names such as 文汇街道, Wenhui Subdistrict."""
    return [(f"{one}{zh}", f"{other} {en}") for one, other in names]
