"""What holds of every indicator of the catalogue."""

import re

import pytest

from services.evaluation import catalogue, policies
from services.evaluation.rules import read_plan
from services.evaluation.rules.catalogue import Entry, read_concepts, read_entries, units
from services.evaluation.rules.measures import MEASURES
from tests.evaluation.catalogue.plans import planned

ENTRIES = catalogue.read_all()
CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENTRIES_MIN = 120

# Domain rules, section 4: every name of its 41 rows, by the row.
PUBLISHED = {
    1: ["购买宽带服务数量"],
    2: ["电源系统组数"],
    3: ["机房环境维护次数"],
    4: ["政府采购率"],
    5: ["系统验收合格率", "项目验收合格率"],
    6: ["系统故障率"],
    7: ["故障排除率"],
    8: ["系统故障修复响应时间"],
    9: ["宽带服务时限"],
    10: ["宽带服务成本", "电源系统成本", "机房环境维护成本", "其他成本"],
    11: ["投诉率"],
    12: ["续电能力"],
    13: ["政府网站稳步运行"],
    14: ["网民满意率"],
    15: ["核心业务系统与网络平台可用性"],
    16: ["运维响应及时率"],
    17: ["故障平均修复时间"],
    18: ["重大安全事件发生次数"],
    19: ["运维请求响应时间"],
    20: ["常规问题解决时间"],
    21: ["对外服务开放天数"],
    22: ["应急运维系统保障率"],
    23: ["资金支付及时率"],
    24: ["项目成本超支率"],
    25: ["职工满意度"],
    26: ["开通业务月份"],
    27: ["台网运行率", "台站正常运行率"],
    28: ["灾备恢复速度"],
    29: ["灾备切换速度"],
    30: ["勒索病毒导致系统中断次数"],
    31: ["灾备存储空间"],
    32: ["灾备演练次数"],
    33: ["设备有效使用率"],
    34: ["网站群三级等保测评"],
    35: ["公众或服务对象满意度"],
    36: ["安全审计日志覆盖度"],
    37: ["设备配置保护覆盖度"],
    38: ["项目灾备实现程度"],
    39: [
        "可用性",
        "可靠性",
        "可维护性",
        "服务响应及时性",
        "事件解决及时性",
        "事件首次解决率",
        "安全风险",
        "功能应用率",
        "用户活跃度",
    ],
    40: ["政府采购执行率"],
    41: ["漏洞整改率", "数据备份成功率", "网站可用率", "信息更新及时率"],
}
STATE_CHECK_LIST = [
    "网站无法访问比例",
    "首页更新间隔",
    "栏目不更新个数",
    "应更新未更新栏目数",
    "空白栏目个数",
    "超期未回复留言数",
    "严重表述错误次数",
    "网站泄密事件次数",
    "网页被篡改次数",
    "伪造发稿日期次数",
    "办事指南缺失个数",
    "办事指南要素完整率",
    "死链错链数",
    "附件无法下载个数",
    "在线系统无法访问次数",
]


def test_there_are_as_many_as_the_platform_promises() -> None:
    assert len(ENTRIES) >= ENTRIES_MIN


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_every_indicator_can_be_put_into_a_plan_as_it_stands(entry: Entry) -> None:
    plan = read_plan(planned(entry), project="p", policies=policies.read_all())

    assert plan.indicators[0].name == entry.name


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.code)
def test_every_indicator_says_everything_in_both_languages(entry: Entry) -> None:
    chinese = [entry.name, *entry.synonyms, entry.collect, entry.source.zh]
    english = [entry.name_en, *entry.synonyms_en, entry.collect_en, entry.source.en]

    assert entry.synonyms
    assert all(len(text) <= 200 for text in chinese + english)
    assert all(CHINESE.search(text) or text.isupper() for text in [entry.name, entry.collect])
    assert all(text and not CHINESE.search(text) for text in english)
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", entry.code)


def test_the_unit_fits_what_is_measured() -> None:
    fitting = {
        "ratio": {"ratio"},
        "count": {"count", "bytes"},
        "hours": {"time"},
        "months": {"months"},
        "money": {"money"},
        "percent": {None},
    }
    known = [entry for entry in ENTRIES if entry.measure in MEASURES and entry.measure not in ("reported", "reading")]

    wrong = [e.code for e in known if units.kind_of(e.unit) not in fitting[MEASURES[e.measure].kind]]

    assert known
    assert not wrong


def test_every_unit_but_none_is_known() -> None:
    unknown = {entry.unit for entry in ENTRIES if entry.unit and units.kind_of(entry.unit) is None}

    assert not unknown


@pytest.mark.parametrize("row", PUBLISHED)
def test_every_published_row_is_in(row: int) -> None:
    names = {entry.name for entry in ENTRIES}

    assert set(PUBLISHED[row]) <= names


def test_the_states_check_list_is_in() -> None:
    by_source = {entry.name for entry in ENTRIES if entry.source.name == "checklist"}

    assert set(STATE_CHECK_LIST) <= by_source


def test_the_seeds_targets_are_the_usual_ones() -> None:
    targets = {entry.name: (entry.direction, entry.target and entry.target.value) for entry in ENTRIES}

    assert targets["系统故障率"] == ("<=", "0.3")
    assert targets["系统故障修复响应时间"] == ("<=", "8")
    assert targets["投诉率"] == ("<=", "5")
    assert targets["政府网站稳步运行"] == ("level", "稳步运行")


def test_every_concept_that_is_listed_as_unwelcome_exists() -> None:
    tables = read_concepts(catalogue.text("concepts.toml"))
    concepts = {concept for name, table in tables.items() if name != "lists" for concept in table}

    assert set(tables["lists"]["unwelcome"]) <= concepts


SOURCES = '[s]\nzh = "甲"\nen = "a"\n'
ENTRY = """
[[indicators]]
code = "a"
name = "甲率"
name_en = "share of a"
synonyms = ["甲"]
synonyms_en = []
dimension = "output"
aspect = "quality"
unit = "%"
direction = ">="
target = "9"
measure = "reported"
collect = "甲"
collect_en = "a"
source = "s"
certainty = "D"
"""


def test_an_entry_is_read_as_it_stands() -> None:
    [entry] = read_entries([ENTRY], SOURCES)

    assert (entry.code, entry.phrases, entry.source.zh) == ("a", ("甲率", "share of a", "甲"), "甲")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (ENTRY + ENTRY, "code twice"),
        (ENTRY + ENTRY.replace('"a"', '"b"', 1), "phrase twice"),
        (ENTRY.replace('aspect = "quality"', 'aspect = "social"'), "no aspect social"),
        (ENTRY.replace('certainty = "D"', 'certainty = "X"'), "unknown direction or certainty"),
        (ENTRY.replace('direction = ">="', 'direction = "!"'), "unknown direction or certainty"),
        (ENTRY + 'more = "x"\n', "too much"),
        (ENTRY.replace('unit = "%"\n', ""), "lacks"),
    ],
)
def test_data_that_cannot_be_meant_stop_the_start(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_entries([text], SOURCES)
