"""What reports say, in both languages: a sentence is a pattern that figures are put into."""

from collections.abc import Mapping
from typing import Final

from services.evaluation.rules.forms.layout import Language

WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("项目支出绩效自评报告", "Self-evaluation report of project expenditure"),
    "subtitle": ("{name}（{year}年度，截至{day}）", "{name} ({year}, as of {day})"),
    "missing": ("【待填写：{what}】", "[To be written: {what}]"),
    "overview": ("一、项目概况", "1. The project"),
    "funds": ("二、项目资金情况", "2. Funds"),
    "organisation": ("三、项目组织实施情况", "3. Organisation"),
    "results": ("四、项目绩效情况", "4. Results"),
    "other": ("五、其他需要说明的情况", "5. Other matters"),
    "work": ("六、评价工作情况", "6. How it was evaluated"),
    "what.overview": ("立项背景和项目内容", "why there is the project, and what it does"),
    "what.funds": ("资金管理情况", "how the funds are managed"),
    "what.organisation": ("组织管理情况", "how the project is organised"),
    "what.results": ("绩效分析", "what the results mean"),
    "what.other": ("后续计划、主要经验、存在问题和建议", "plans, experience, problems and proposals"),
    "what.work": ("评价工作的组织过程", "how the evaluation was carried out"),
    "what.reason": ("偏差原因和改进措施", "reason and remedy"),
    "about": (
        "本项目主管部门为{department}，实施单位为{unit}，评价期为{first}至{last}。",
        "The department in charge is {department}, the implementing unit {unit}; the window is {first} to {last}.",
    ),
    "undeclared": (
        "截至{day}，尚未收到本项目的预算申报信息。",
        "As of {day} the project's budget has not been declared.",
    ),
    "objective": ("年度总体目标：{objective}", "Objective of the year: {objective}"),
    "money": (
        (
            "年初预算{initial}万元，调整后全年预算{budget}万元。截至{day}，到位资金{received}万元，实际支出{spent}万元，"
            "预算执行率{rate}%，得{score}分（满分{weight}分），预算结余{surplus}万元。"
        ),
        (
            "The initial budget was {initial}, the budget after adjustment is {budget} (all amounts in 10,000 yuan). "
            "As of {day}, {received} had arrived and {spent} was spent: an execution of {rate}%, which earns {score} "
            "of {weight} points and leaves {surplus} of the budget."
        ),
    ),
    "money.plain": (
        (
            "全年预算{budget}万元，年内未作调整。截至{day}，到位资金{received}万元，实际支出{spent}万元，"
            "预算执行率{rate}%，得{score}分（满分{weight}分），预算结余{surplus}万元。"
        ),
        (
            "The budget is {budget} and was not adjusted (all amounts in 10,000 yuan). As of {day}, {received} had "
            "arrived and {spent} was spent: an execution of {rate}%, which earns {score} of {weight} points and leaves "
            "{surplus} of the budget."
        ),
    ),
    "money.undeclared": (
        "预算尚未申报。截至{day}，到位资金{received}万元，实际支出{spent}万元。",
        "The budget has not been declared. As of {day}, {received} had arrived and {spent} was spent (10,000 yuan).",
    ),
    "overspent": ("实际支出超过全年预算。", "More was spent than the budget."),
    "no_money": ("截至{day}，没有资金到位，也没有支出。", "As of {day} no funds had arrived and nothing was spent."),
    "lines": ("分科目支出（万元）", "Payments by budget line (10,000 yuan)"),
    "line": ("科目", "Line"),
    "budget": ("全年预算", "Budget"),
    "spent": ("支出", "Spent"),
    "rate": ("执行率", "Execution"),
    "sum": ("合计", "Total"),
    "months": ("分月资金到位与支出（万元）", "Funds received and spent by month (10,000 yuan)"),
    "month": ("月份", "Month"),
    "received": ("到位资金", "Received"),
    "to_date": ("累计支出", "Spent to date"),
    "course": ("预算执行率（%）与绩效得分（分）走势", "Execution (%) and score (points) over the year"),
    "course.rate": ("预算执行率（%）", "Execution (%)"),
    "course.score": ("绩效得分", "Score"),
    "contracts": (
        "共签订合同{count}份，合同金额合计{amount}万元；验收{inspections}次，其中合格{passed}次、不合格{failed}次。",
        (
            "{count} contracts were signed over {amount} (10,000 yuan); of {inspections} acceptances {passed} passed "
            "and {failed} failed."
        ),
    ),
    "terminated": ("其中{count}份合同已终止。", "{count} of the contracts were terminated."),
    "no_contracts": ("截至{day}，本项目没有签订合同。", "As of {day} no contract was signed."),
    "methods": ("按采购方式分类的合同", "Contracts by method of purchase"),
    "method": ("采购方式", "Method"),
    "count": ("合同份数", "Contracts"),
    "amount": ("合同金额（万元）", "Amount (10,000 yuan)"),
    "government": ("其中政府采购（万元）", "by government procurement"),
    "contract.table": ("合同签订、验收与支付", "Contracts, acceptances and payments"),
    "contract": ("合同编号", "Contract"),
    "signed": ("签订日期", "Signed"),
    "accepted": ("验收情况", "Accepted"),
    "paid": ("已支付（万元）", "Paid (10,000 yuan)"),
    "accepted.none": ("尚未验收", "not yet"),
    "accepted.passed": ("{day}合格", "{day}: passed"),
    "accepted.failed": ("{day}不合格", "{day}: failed"),
    "accepted.times": ("{last}（共{count}次）", "{last} ({count} times)"),
    "others": ("其余{count}份", "{count} others"),
    "open_tender": ("公开招标", "open tender"),
    "invited_tender": ("邀请招标", "invited tender"),
    "competitive_negotiation": ("竞争性谈判", "competitive negotiation"),
    "competitive_consultation": ("竞争性磋商", "competitive consultation"),
    "inquiry": ("询价", "inquiry"),
    "single_source": ("单一来源", "single source"),
    "framework": ("框架协议", "framework agreement"),
    "designated_supplier": ("定点采购", "designated supplier"),
    "total": (
        (
            "截至{day}，绩效自评总分{total}分（满分{full}分），评价等级为“{grade}”。全部{count}项指标中，达到指标值的{met}项，"
            "未达到的{missed}项，尚无数据的{pending}项。"
        ),
        (
            "As of {day} the total is {total} of {full} points, graded “{grade}”. Of {count} indicators {met} are met, "
            "{missed} are not met, and {pending} have nothing to measure yet."
        ),
    ),
    "indicators": ("指标完成情况", "Indicators"),
    "indicator": ("指标", "Indicator"),
    "target": ("指标值", "Target"),
    "measured": ("完成值", "Measured"),
    "weight": ("分值", "Weight"),
    "score": ("得分", "Score"),
    "status": ("结论", "Result"),
    "execution": ("预算执行率", "Budget execution"),
    "met": ("达到", "met"),
    "missed": ("未达到", "not met"),
    "pending": ("尚无数据", "nothing yet"),
    "vacuous": ("未发生", "did not occur"),
    "unmet": ("未达到指标值的原因", "Why targets are not met"),
    "unmet.row": (
        "{name}：指标值{target}，完成值{measured}，得{score}分（满分{weight}分）。",
        "{name}: target {target}, measured {measured}, {score} of {weight} points.",
    ),
    "why": ("原因：{reason}{stop}改进措施：{remedy}", "Reason: {reason}{stop}Remedy: {remedy}"),
    "all_met": ("全部指标均达到指标值。", "Every indicator is met."),
    "operation": ("运行与服务情况", "Operation and service"),
    "faults": (
        "评价期内发生故障{count}次，已排除{resolved}次；响应时间最长{longest}小时，平均{mean}小时。",
        (
            "{count} faults occurred, {resolved} of them are resolved; the longest response took {longest} hours, "
            "the mean {mean} hours."
        ),
    ),
    "no_faults": ("截至{day}，没有发生故障。", "As of {day} no fault occurred."),
    "response": ("各月故障最长响应时间（小时）", "Longest response to a fault by month (hours)"),
    "survey": (
        "满意度调查收到答卷{answered}份，其中满意{satisfied}份，满意率{rate}%。",
        "{answered} answers to surveys came in, {satisfied} of them satisfied: {rate}%.",
    ),
    "no_survey": ("截至{day}，没有满意度调查数据。", "As of {day} no survey was answered."),
    "complaints": ("收到投诉{count}件，已办结{closed}件。", "{count} complaints came in, {closed} of them are closed."),
    "inspections": (
        "开展检查{count}次，发现问题{findings}个，已整改{rectified}个。",
        "{count} inspections were held with {findings} findings, {rectified} of them put right.",
    ),
    "policy": (
        "评分办法：{policy}。得分由各系统记录的事项计算得出，截至{moment}，版本{version}。",
        "Scoring policy: {policy}. The scores are computed from recorded events as of {moment}, version {version}.",
    ),
    "provisional": ("未定稿：{reasons}", "Not final: {reasons}"),
    "final": ("本报告数据已定稿。", "The figures of this report are final."),
}


def say(name: str, language: Language, /, **figures: object) -> str:
    """The words of *name* with *figures* put in; braces in the figures stay as they are."""
    zh, en = WORDS[name]
    pattern = zh if language == "zh" else en
    return pattern.format(**figures) if figures else pattern
