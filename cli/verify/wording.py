"""What findings mean, in Chinese and in English."""

from typing import Final, NamedTuple


class Words(NamedTuple):
    """One meaning in both languages."""

    zh: str
    en: str


FINDINGS: Final[dict[str, Words]] = {
    # The chain.
    "sequence-gap": Words("事件编号不连续", "the events are not numbered without gaps"),
    "hash-mismatch": Words(
        "事件内容与后一事件所记哈希不符", "the event's bytes are not those that its successor names"
    ),
    "head-mismatch": Words("日志末端与服务所称不符", "the log does not end as the service says"),
    "tip-mismatch": Words("与原先记下的末端不符", "the log is not the one of which the tip was written down"),
    "event-unreadable": Words("事件无法读取", "the event cannot be read"),
    "event-type-unknown": Words("未知的事件类型", "the type of the event is not known"),
    "content-unreadable": Words("事件内容不合约定", "the event does not say what its contract promises"),
    "member-wrong": Words("事件信封成员有误", "a member of the envelope is wrong"),
    "id-twice": Words("事件编号重复", "two events have the same id"),
    "epoch-again": Words("旧纪元再次出现", "an epoch that had ended comes again"),
    "recorded-earlier": Words("记录时间早于前一事件", "recorded earlier than the event before it"),
    # The books.
    "project-unknown": Words("项目未申报", "the project was never declared"),
    "line-unknown": Words("预算科目不存在", "the budget line was never declared"),
    "line-exceeded": Words("支付超过预算科目", "more was paid than the line allowed at the time"),
    "line-below-paid": Words("调整后科目低于已支付", "the line was lowered below what was paid"),
    "initial-changed": Words("年初预算被改动", "the initial amount was changed"),
    "adjustment-sum": Words("调整后各科目之和不符", "the adjusted lines do not add up"),
    "funds-not-received": Words("支付超过到位资金", "money was spent before it arrived"),
    "outside-fiscal-year": Words("支付日期不在预算年度", "paid outside the fiscal year"),
    "receipt-twice": Words("到位资金重复登记", "a receipt is on record twice"),
    "payment-twice": Words("支付重复登记", "a payment is on record twice"),
    "payment-unknown": Words("冲销的支付不存在", "a payment was reversed that was never made"),
    "already-reversed": Words("支付重复冲销", "a payment was reversed twice"),
    "reversal-wrong": Words("冲销与原支付不一致", "the reversal is not that of its payment"),
    "contract-twice": Words("合同重复登记", "a contract is on record twice"),
    "contract-unknown": Words("合同不存在", "the contract was never signed"),
    "contract-exceeded": Words("支付超过合同金额", "more was paid than the contract's amount"),
    "contract-not-accepted": Words("未经验收即支付", "paid without acceptance, above the advance"),
    "terminated-twice": Words("合同重复终止", "a contract was terminated twice"),
    "fault-twice": Words("故障重复登记", "a fault is on record twice"),
    "fault-unknown": Words("故障不存在", "the fault was never opened"),
    # The answers.
    "answer-differs": Words("服务的答复与事件不符", "the service's answer is not what its events say"),
    "answer-moving": Words("核对期间不断变化", "it kept moving while it was verified"),
    "score-differs": Words("得分与重新计算不符", "the score is not what the events give"),
    "score-moving": Words("得分在核对期间不断变化", "the score kept moving while it was verified"),
    "score-not-level": Words("评价服务尚未跟上,无法判断", "evaluation is behind; it cannot be judged"),
    "score-held-back": Words("评价服务称有事件搁置", "evaluation says that events are set aside"),
    "version-skipped": Words("得分版本不连续", "a version does not follow on the one before it"),
    "not-recomputable": Words("无法重新计算", "this reading cannot recompute it"),
    # An archive.
    "member-missing": Words("缺少文件", "a member is missing"),
    "member-extra": Words("多出文件", "there is more than the manifest lists"),
    "member-damaged": Words("文件内容与清单不符", "a member is not what the manifest says"),
    "member-unreadable": Words("文件无法读取", "a member cannot be read"),
    "member-left-out": Words("归档时未能生成", "it could not be made when it was archived"),
    "manifest-differs": Words("清单与得分不符", "the manifest does not say what the score says"),
    "events-missing": Words("事件数与清单不符", "there are not as many events as the manifest says"),
    "event-out-of-order": Words("事件顺序有误", "the event does not follow on the one before it"),
    "event-parked": Words("事件归档时已搁置", "the event was set aside when it was archived"),
    "plan-missing": Words("没有绩效目标表", "no plan was adopted"),
    "plan-differs": Words("绩效目标表与事件不符", "the plan is not the one that was adopted"),
    "policy-differs": Words("评分办法与所装程序不同", "the policy is not the one that this program has"),
    "form-differs": Words("自评表与重新计算不符", "the form is not what the events give"),
    "sealed-differs": Words("封存的自评表与所公布哈希不符", "the sealed form is not the one that was published"),
    "document-differs": Words("资料清单与文件不符", "the list of documents is not what is there"),
    "witness-differs": Words("旁证合计不符", "the witness adds up to another total"),
}
CHECKED: Final[dict[str, Words]] = {
    "projects": Words("项目", "projects"),
    "indicators": Words("指标", "indicators"),
    "versions": Words("得分版本", "versions of scores"),
    "policies": Words("评分办法", "scoring policies"),
    "budgets": Words("项目预算", "budgets"),
    "payments": Words("支付", "payments"),
    "contracts": Words("合同", "contracts"),
    "faults": Words("故障", "faults"),
    "answers": Words("服务答复", "answers read"),
    "members": Words("文件", "members"),
    "documents": Words("资料", "documents"),
    "events": Words("事件", "events"),
    "witnessed": Words("旁证合计", "totals of the witness"),
}
OUTCOMES: Final[dict[str, Words]] = {
    "true": Words("全部属实", "all true"),
    "difference": Words("发现不符", "not all true"),
    "unverified": Words("有未能核实之处", "not all could be verified"),
}
SEVERITIES: Final[dict[str, Words]] = {
    "difference": Words("不符", "difference"),
    "unverified": Words("未核实", "not verified"),
    "doubt": Words("存疑", "doubt"),
}


def meaning(code: str) -> Words:
    """What a finding of that code means."""
    return FINDINGS.get(code, Words(code, code))
