"""Values of every document, invented, with texts longer and shorter than usual."""

import datetime as dt

from lantian.disclosure.values import (
    AccountabilityProposal,
    Bar,
    BriefAir,
    Count,
    DailyBrief,
    Definition,
    Document,
    FineRow,
    InterviewNotice,
    MonthlyBulletin,
    Named,
    OrderCase,
    OrderLetter,
    ProposalRow,
    RankRow,
    RoundCategory,
    RoundPlace,
    RoundReport,
    ScoreRow,
    Segment,
    TelevisionScript,
    VerificationBulletin,
)

DAY = dt.date(2017, 9, 29)
ISSUER = "示例市大气污染防治攻坚办公室"
NAMES = [
    "北京",
    "天津",
    "石家庄",
    "唐山",
    "廊坊",
    "保定",
    "沧州",
    "衡水",
    "邢台",
    "邯郸",
    "太原",
    "阳泉",
    "长治",
    "晋城",
    "济南",
    "淄博",
    "济宁",
    "德州",
    "聊城",
    "滨州",
    "菏泽",
    "郑州",
    "开封",
    "安阳",
    "鹤壁",
    "新乡",
    "焦作",
    "濮阳",
]


def cases(count: int) -> tuple[OrderCase, ...]:
    """So many problems."""
    return tuple(
        OrderCase(
            number=f"2017-{number:06d}",
            title="露天堆场未覆盖 A&B <建材>",
            place="示例市示例县工业园区东路",
            category="扬尘",
            requirement="堆场全部覆盖，出入口设置冲洗设施，三日内完成并拍照上传；建立巡查台账，明确专人负责。",
            due=dt.date(2017, 10, 9),
            unit="示例县人民政府" if number % 2 else "住房城乡建设局",
            found_on=DAY,
            provisional=number == 2,
        )
        for number in range(1, count + 1)
    )


def order(count: int = 3, **changed: object) -> OrderLetter:
    """An order of so many problems."""
    values: dict[str, object] = {
        "issuer": ISSUER,
        "issued_on": DAY,
        "number": "攻坚办督〔2017〕12号",
        "to_unit": "示例县人民政府",
        "cases": cases(count),
        "contact": "张三，010-00000000",
        "basis": "根据强化督查第3轮次反馈",
        "reply_by": dt.date(2017, 10, 12),
        "copy_to": "市生态环境局，市住房城乡建设局",
        "example": True,
        "note": "标“暂定”的时限待放假安排公布后确定。",
    }
    return OrderLetter(**values | changed)  # type: ignore[arg-type]


def script(times: int = 9) -> TelevisionScript:
    """A television item whose words come so many times."""
    words = "本周督查组在示例县检查了三十二个点位，发现露天堆场未覆盖、渣土车带泥上路等问题十一个，当场交办。"
    return TelevisionScript(
        issuer=ISSUER,
        issued_on=DAY,
        programme="示例市电视台《环保聚焦》",
        airs_on=dt.date(2017, 10, 5),
        segments=tuple(
            Segment(title=title, picture="记者现场出镜，堆场远景、近景", words=words * times)
            for title in ("导语", "现场", "整改")
        ),
        example=True,
    )


def bars(signed: bool = False) -> tuple[Bar, ...]:
    """28 bars, the last ones above the others."""
    return tuple(
        Bar(
            name,
            (at - 14) * 2.5 if signed else 6.5 + at / 4,
            f"{(at - 14) * 2.5:+.1f}" if signed else f"{6.5 + at / 4:.2f}",
            None if signed else 7.5 + at / 5,
            name == "北京",
        )
        for at, name in enumerate(NAMES)
    )


def monthly(period: str = "2016年12月") -> MonthlyBulletin:
    """A bulletin of 28 cities."""
    rows = tuple(
        RankRow(
            str(at), f"{name}市", f"{6.5 + at / 4:.2f}", "−12.3", "PM2.5", "131", "198", "32", "81", "4.1", "52", "32.3"
        )
        for at, name in enumerate(NAMES, 1)
    )
    fine = tuple(
        FineRow(f"{name}市", str(at), "131", "152", "−13.8", str(at), "73", "80", "−8.8")
        for at, name in enumerate(NAMES, 1)
    )
    ten = tuple(Named(str(at), f"{name}市", f"{6.5 + at / 4:.2f}") for at, name in enumerate(NAMES[:10], 1))
    return MonthlyBulletin(
        issuer=ISSUER,
        issued_on=dt.date(2017, 1, 5),
        number="攻坚办〔2017〕1号",
        example=True,
        period=period,
        period_label="2016-12",
        group="“2+26”城市",
        state="本期尚未结束，数据截至2016年12月15日。",
        summary=("28个城市综合指数平均9.88，同比上升3.1%。", "北京市居第1位，邯郸市居末位。"),
        rows=rows,
        fine=fine,
        best=ten,
        worst=ten[::-1],
        last=ten[:3],
        improved=ten,
        declined=ten,
        interview=(Named("1", "示例经济开发区", "综合指数连续两月列开发区末位"),),
        chart_index=bars(),
        chart_fine=bars()[:20],
        chart_change=bars(signed=True),
        basis=("综合指数按2014年标准六项等权计算。", "本期未扣除沙尘。"),
        caveats=("北京市：公布的O3为最大1小时值。",),
    )


def verification() -> VerificationBulletin:
    """Scores of three leads and three sources."""
    columns = (
        "样本数",
        "级别准确率",
        "跨级准确率",
        "级别±1内",
        "半级准确率",
        "范围",
        "首要污染物",
        "命中/漏报/空报",
        "TS",
    )
    rows = tuple(
        ScoreRow(f"{lead}天", source, tuple(str(lead * 7 + at) for at in range(len(columns))), source == "发布预报")
        for lead in (1, 2, 3)
        for source in ("发布预报", "统计预报", "持续性预报")
    )
    return VerificationBulletin(
        issuer=ISSUER,
        issued_on=DAY,
        example=True,
        period="2016年10月1日至12月15日",
        period_label="2016-10-01..2016-12-15",
        place="北京市",
        mode="已知历史",
        sample="起报30次，评估28天",
        summary=("提前1天级别预报准确率62%，持续性预报48%。",),
        index_columns=columns,
        index=rows,
        value_columns=columns[:4],
        values=tuple(ScoreRow(row.lead, row.source, row.cells[:4], row.ours) for row in rows),
        chart=bars()[:3],
        definitions=(Definition("级别准确率", "n(级别相同) / n", "HJ 1130-2020"),) * 8,
    )


def everything() -> dict[str, Document]:
    """One of each, by template."""
    made: tuple[Document, ...] = (
        order(),
        monthly(),
        verification(),
        script(),
        InterviewNotice(
            issuer="示例市人民政府",
            issued_on=DAY,
            number="约谈〔2017〕1号",
            to_unit="示例县人民政府",
            persons="示例县人民政府主要负责同志",
            held_on=dt.date(2017, 10, 10),
            time="15时",
            venue="市政府第一会议室",
            reasons=("未完成整改问题累计4个。", "PM2.5平均浓度同比上升12.3%，连续两月列全市后三位。"),
            demands=("准备书面汇报材料。",),
            contact="张三",
            cases=cases(2),
            example=True,
        ),
        RoundReport(
            issuer=ISSUER,
            issued_on=DAY,
            number="攻坚办督〔2017〕3号",
            to_unit="各县（市、区）人民政府",
            round="2017年第3轮次",
            start=dt.date(2017, 9, 15),
            end=dt.date(2017, 9, 27),
            teams=6,
            summary="问题集中在扬尘和散乱污企业。",
            places=tuple(RoundPlace(f"{name}县", at, at // 2, 20 + at) for at, name in enumerate(NAMES[:12])),
            categories=(RoundCategory("扬尘", 40), RoundCategory("散乱污", 26)),
            problems=cases(4),
            demands=("立行立改，按期销号。", "举一反三，全面排查。"),
            contact="张三",
            example=True,
        ),
        AccountabilityProposal(
            issuer=ISSUER,
            issued_on=DAY,
            to_unit="市委督查室",
            period="2017年10月至12月",
            pack="《量化问责规定》2017—2018年版",
            proposals=(ProposalRow("副县长", "示例县", "未完成整改问题2个以上", "第五条第一款", "未完成整改问题3个"),),
            near=("示例二县未完成整改问题1个，再有1个即达到条件。",),
            example=True,
        ),
        DailyBrief(
            issuer=ISSUER,
            issued_on=DAY,
            day=DAY,
            headline="今日交办问题12个，3个问题逾期，1项公开职责明日到期。",
            air=(BriefAir("北京市", "156", "中度污染", "PM2.5", "119"), BriefAir("示例县", "88", "良")),
            forecast="预计未来三天扩散条件转差，PM2.5为首要污染物。",
            counts=(Count("今日交办", "12", "个"), Count("今日销号", "9", "个"), Count("逾期", "3", "个")),
            overdue=cases(3),
            duties=("第3轮次督查通报应于10月9日前印发。",),
            asked=("供暖后空气质量会变差吗？",),
            example=True,
        ),
    )
    return {values.template: values for values in made}
