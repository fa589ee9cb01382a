"""What made firms do and what they are called: trades by the use of their building, names combined by chance.

The names are of no real firm: a brand of two or three characters drawn from two lists, behind that of the made city.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from geo.arrays import Bools, Ints
from geo.demo.names import CITY
from geo.demo.shares import picked, ranks

KINDS = ("new_economic", "individual", "new_social", "state_owned", "public")
KINDS_ZH = ("非公企业", "个体工商户", "社会组织", "国有企业", "事业单位")
_KIND_SHARES = {
    "office": (0.87, 0.03, 0.06, 0.03, 0.01),
    "commercial": (0.68, 0.27, 0.03, 0.02, 0.0),
    "market": (0.40, 0.58, 0.02, 0.0, 0.0),
    "industrial": (0.95, 0.01, 0.0, 0.04, 0.0),
    "shop": (0.55, 0.34, 0.10, 0.005, 0.005),
}
"""Share of each of KINDS by use; these five uses house units."""
USES = tuple(_KIND_SHARES)

INDUSTRIES: dict[str, tuple[str, tuple[str, ...]]] = {
    "manufacturing": ("制造业", ("机械制造", "精密电子", "新材料", "食品", "包装制品", "自动化设备")),
    "construction": ("建筑业", ("建筑工程", "装饰工程", "市政工程")),
    "trade": ("批发和零售业", ("商贸", "百货", "五金建材", "服饰", "家居用品", "医药")),
    "transport": ("物流", ("物流", "货运", "仓储服务")),
    "hospitality": ("住宿和餐饮业", ("餐饮管理", "酒店管理", "酒楼")),
    "software": ("信息技术", ("软件", "信息技术", "网络科技", "数据服务", "智能科技")),
    "finance": ("金融业", ("投资管理", "融资租赁", "保险代理")),
    "property": ("房地产", ("置业", "物业服务", "房地产经纪")),
    "business": ("商务服务", ("企业管理咨询", "人力资源", "财税咨询", "法律咨询", "广告传媒")),
    "research": ("技术服务", ("检测技术", "生物科技", "工程设计")),
    "services": ("居民服务", ("家政服务", "汽车维修", "美容美发")),
    "education": ("教育", ("教育培训", "职业培训", "托育服务")),
    "health": ("医疗", ("口腔门诊", "健康管理", "养老服务")),
    "culture": ("文化", ("文化传播", "体育健身", "影视制作")),
    "environment": ("水利环境公共设施", ("环保科技", "环境工程")),
}
"""Key of each industry: the word offices write for it, and what its firms put in their names."""
KEYS = tuple(INDUSTRIES)
_BY_USE: dict[str, dict[str, float]] = {
    "office": {
        "software": 20, "business": 22, "finance": 11, "research": 9, "property": 8, "construction": 8, "trade": 9,
        "education": 6, "culture": 5, "transport": 2,
    },
    "commercial": {"trade": 48, "hospitality": 30, "culture": 8, "services": 8, "education": 6},
    "market": {"trade": 80, "hospitality": 8, "services": 6, "transport": 6},
    "industrial": {"manufacturing": 68, "transport": 14, "research": 12, "environment": 6},
    "shop": {"trade": 38, "hospitality": 28, "services": 14, "education": 7, "health": 9, "culture": 4},
}  # fmt: skip
_SOCIAL: dict[str, float] = {"education": 34, "health": 30, "culture": 20, "services": 16}

_FIRST = "盛鼎恒启辰博卓锐凌宏睿浩骏旭元亿佳友众联汇诚信益聚智慧思创新领先远航海川岳峰泰隆昌"
_SECOND = "达源腾邦通科宇业利丰和润迪图维朗特格立信诺康美嘉铭禾木石力方正同兴茂升展跃进益"
_THIRD = "成安华德明仁荣庆祥福永耀"
BRANDS = ("", *_THIRD)


def kinds_of(use: np.ndarray, drawn: np.ndarray) -> Ints:
    """Position in KINDS of each unit by the use of its building."""
    found = np.zeros(len(use), dtype=np.int64)
    for key, shares in _KIND_SHARES.items():
        here = use == key
        found[here] = picked(shares, drawn[here])
    return found


def industries_of(use: np.ndarray, is_social: Bools, drawn: np.ndarray) -> Ints:
    """Position in KEYS of each unit by the use of its building; social organisations teach, heal and entertain."""
    found = np.zeros(len(use), dtype=np.int64)
    for key, shares in {**_BY_USE, "": _SOCIAL}.items():
        here = (use == key) & ~is_social if key else is_social
        at = np.array([KEYS.index(one) for one in shares])
        found[here] = at[picked(tuple(shares.values()), drawn[here])]
    return found


def names_of(kind: Ints, industry: Ints, chance: np.random.Generator) -> list[str]:
    """One name for each unit, none twice while a trade has fewer than 20,000 units."""
    pairs = brands(chance)
    word = chance.integers(0, 60, len(kind))
    word %= np.array([len(words) for _, words in INDUSTRIES.values()])[industry]
    trade = industry * 60 + word
    order = np.argsort(trade, kind="stable")
    number = np.empty(len(kind), dtype=np.int64)
    number[order] = ranks(trade[order])[0]
    words = [one for _, one in INDUSTRIES.values()]
    told = zip(kind.tolist(), industry.tolist(), word.tolist(), number.tolist(), strict=True)
    return [
        _name(one, words[trade][at], pairs, (count, count + 211 * trade + 67 * at)) for one, trade, at, count in told
    ]


def brands(chance: np.random.Generator, count: int | None = None) -> list[str]:
    """The first ``count`` of all brands of two characters (1,900 or so), in an order of chance; None = all."""
    pairs = [a + b for a, b in product(_FIRST, _SECOND) if a != b]
    return [pairs[at] for at in chance.permutation(len(pairs)).tolist()][:count]


_FORMS = (
    "{city}{brand}{word}有限公司",
    "{city}{brand}{word}商行",
    "{city}{brand}{word}服务中心",
    "{city}{brand}{word}集团有限公司",
    "{city}{brand}{word}服务所",
)


def _name(kind: int, word: str, pairs: list[str], number: tuple[int, int]) -> str:
    """A trade begins its brands where no other does, and takes a third character once all are used."""
    again = number[0] // len(pairs)
    brand = pairs[number[1] % len(pairs)] + BRANDS[again % len(BRANDS)]
    form = _FORMS[kind]
    if kind in (1, 2, 4):
        word = word.removesuffix("服务").removesuffix("管理")
    return form.format(city=CITY[0] if kind else CITY[0][:2], brand=brand, word=word)
