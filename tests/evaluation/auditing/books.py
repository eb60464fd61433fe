"""Workbooks as offices send them."""

import io
from typing import Any

import openpyxl

COMMON: list[list[Any]] = [
    ["2022年度项目支出绩效自评表"],
    ["项目名称", None, "政府网站网络运行维护项目"],
    ["主管部门", None, "地区行署", None, None, "实施单位", None, "网信办"],
    ["项目资金\n(万元)", None, None, "年初预算数", "全年预算数(A)", "全年执行数(B)", "分值", "执行率(B/A)", "得分"],
    [None, "年度资金总额", None, 15, 15, 13.8125, 10, 0.920833333, 9.208333333],
    [None, "其中:本年财政拨款", None, 15, 15, 13.8125, "-", 0.920833333, "-"],
    [None, "上年结转资金", None, 0, 0, 0, "-", None, "-"],
    ["年度总体目标", "预期目标", None, None, None, "实际完成情况"],
    [None, "保障网站稳定运行", None, None, None, "已完成"],
    [
        "绩效指标",
        "一级指标",
        "二级指标",
        "三级指标",
        "年度指标值",
        "实际完成值",
        "分值",
        "得分",
        "偏差原因分析及改进措施",
    ],
    [None, "产出指标", "数量指标", "电源系统组数", "≥60组", "60组", 20, 20, None],
    [None, None, "质量指标", "系统验收合格率", "=100%", 1, 15, 15, None],
    [None, None, None, "系统故障率", "≤0.3%", 0.0012, 15, 15, None],
    [None, "效益指标", "社会效益指标", "投诉率", "≤5%", "2%", 10, 10, None],
    [None, None, "可持续影响指标", "网站稳步运行", "稳步运行", "稳步运行", 20, 20, None],
    [None, "满意度指标", "服务对象满意度指标", "网民满意率", "≥80%", "92%", 10, 10, None],
    ["总分", None, None, None, None, None, 100, 99.208333333, None],
    ["自评等级:优"],
    ["备注:一级指标分值统一设置", None, None, "不是指标", "≥1", "0", 5, 5],
]
MERGED = ("A1:I1", "A4:A7", "B5:C5", "A10:A16", "B11:B13", "C12:C13", "B14:B15", "A17:F17", "A18:I18")
FORMATS = {"H5": "0.00%", "I5": "0.00", "F12": "0%", "F13": "0.00%", "H17": "0.00"}


def a_book(
    rows: list[list[Any]] | None = None, merged: tuple[str, ...] = MERGED, formats: dict[str, str] | None = None
) -> bytes:
    """A workbook whose second sheet is the table; the first one is a note."""
    book = openpyxl.Workbook()
    book.active["A1"] = "填表说明"  # type: ignore[index]
    sheet = book.create_sheet("自评表")
    for row in COMMON if rows is None else rows:
        sheet.append(row)
    for place in merged:
        sheet.merge_cells(place)
    for place, pattern in (FORMATS if formats is None else formats).items():
        sheet[place].number_format = pattern
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_cell(place: tuple[int, int], value: Any) -> list[list[Any]]:
    """The common table with one cell other than it was; row and column count from 1."""
    rows = [list(row) + [None] * (9 - len(row)) for row in COMMON]
    rows[place[0] - 1][place[1] - 1] = value
    return rows
