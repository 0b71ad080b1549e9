"""The DOCX templates of bulletins, brief and television script; `docx_templates.py` writes them."""

from __future__ import annotations

from docx_templates import INK, Paper


def monthly_bulletin() -> Paper:
    """The monthly ranking."""
    paper = Paper(letter=False)
    paper.title("{{ period }}{{ group }}空气质量排名通报")
    paper.control("if state")
    paper.text("{{ state }}", color=INK)
    paper.control("endif")
    paper.sentences("summary", numbered=False)
    paper.heading("一、综合指数排名")
    columns = (
        *(("名次", "rank", 0.6), ("地区", "place", 1.5), ("综合指数", "index", 1), ("同比（%）", "change", 1)),
        *(("首要指标", "greatest", 1.1), ("PM2.5", "pm25", 0.8), ("PM10", "pm10", 0.8), ("SO2", "so2", 0.7)),
        *(("NO2", "no2", 0.7), ("CO", "co", 0.7), ("O3", "o3", 0.7), ("优良率（%）", "good", 1)),
    )
    paper.rows(
        "rows",
        [(head, f"{{{{ one.{name} }}}}", width) for head, name, width in columns],
        aligned="clrrcrrrrrrr",
        size=8,
    )
    paper.text(
        "综合指数越小空气质量越好；数值相同名次并列。CO为日均值第95百分位，单位mg/m³；O3为日最大8小时平均第90百分位；"
        "其余为均值，单位μg/m³。首要指标为单项指数最大的污染物。",
        indent=False,
        size=9,
        color=INK,
    )
    _picture(paper, "chart_index", "图1　综合指数（竖线为上年同期）")
    paper.heading("二、排名靠前与靠后")
    _short(paper, "best", "空气质量相对较好")
    _short(paper, "worst", "空气质量相对较差")
    paper.when(
        "last",
        "后三位依次为：{% for one in last %}{{ one.place }}（{{ one.figure }}）"
        "{% if not loop.last %}、{% endif %}{% endfor %}。",
    )
    paper.control("if improved or declined")
    paper.heading("三、改善幅度")
    _short(paper, "improved", "综合指数同比下降最多")
    _short(paper, "declined", "综合指数同比上升或下降最少")
    paper.control("endif")
    _picture(paper, "chart_change", "图2　综合指数同比变化（%）")
    paper.control("if fine")
    paper.heading("四、细颗粒物（PM2.5）")
    columns = (
        *(("地区", "place", 1.4), ("当期名次", "rank", 0.8), ("当期", "month", 1), ("上年同期", "month_before", 1)),
        *(("同比（%）", "month_change", 1), ("累计名次", "year_rank", 0.8), ("年初至今", "year", 1)),
        *(("上年同期", "year_before", 1), ("同比（%）", "year_change", 1)),
    )
    paper.rows(
        "fine",
        [(head, f"{{{{ one.{name} }}}}", width) for head, name, width in columns],
        aligned="lcrrrcrrr",
        size=9,
    )
    paper.control("endif")
    _picture(paper, "chart_fine", "图3　PM2.5浓度（μg/m³，竖线为上年同期）")
    paper.control("if interview")
    paper.heading("五、开发区约谈名单")
    paper.rows(
        "interview",
        (("名次", "{{ one.rank }}", 0.6), ("开发区", "{{ one.place }}", 1.4), ("事由", "{{ one.figure }}", 2)),
        aligned="cll",
    )
    paper.control("endif")
    paper.heading("数据说明")
    paper.sentences("basis")
    paper.control("if caveats")
    paper.heading("存疑数据")
    paper.sentences("caveats")
    paper.control("endif")
    paper.signed()
    paper.note()
    return paper


def verification_bulletin() -> Paper:
    """The verification of forecasts."""
    paper = Paper(letter=False)
    paper.title("{{ place }}空气质量预报评估通报", "{{ period }}")
    paper.sentences("summary", numbered=False)
    paper.text("样本：{{ sample }}。预报性质：{{ mode }}。")
    _picture(paper, "chart", "图　级别预报准确率（%，竖线为持续性预报）")
    paper.heading("一、空气质量级别、范围与首要污染物")
    _scores(paper, "index", "index_columns")
    paper.control("if values")
    paper.heading("二、PM2.5日均浓度")
    _scores(paper, "values", "value_columns")
    paper.control("endif")
    paper.heading("三、指标说明")
    paper.rows(
        "definitions",
        (("指标", "{{ one.name }}", 1), ("算法", "{{ one.formula }}", 2), ("出处", "{{ one.source }}", 1.3)),
        aligned="lll",
        size=9,
    )
    paper.signed()
    paper.note()
    return paper


def television_script() -> Paper:
    """The weekly television item."""
    paper = Paper(letter=False, head=False)
    paper.title("{{ title }}", "{{ programme }}　{{ airs_on }}播出")
    paper.text("供稿：{{ issuer }}　{{ issued_on }}", indent=False, color=INK)
    paper.text("{{ length }}", indent=False, color=INK)
    paper.rows(
        "segments",
        (
            ("序号", "{{ loop.index }}", 0.4),
            ("画面", "{{ one.title }}：{{ one.picture }}", 1.1),
            ("口播", "{{ one.words }}", 2.8),
        ),
        aligned="cll",
        size=12,
    )
    paper.note()
    return paper


def daily_brief() -> Paper:
    """The daily brief."""
    paper = Paper(letter=False)
    paper.title("{{ title }}", "{{ day }}")
    paper.text("{{ headline }}", size=13)
    paper.control("if air")
    paper.heading("空气质量")
    paper.rows(
        "air",
        (
            ("地区", "{{ one.place }}", 1.4),
            ("AQI", "{{ one.aqi }}", 0.8),
            ("级别", "{{ one.level }}", 1),
            ("首要污染物", "{{ one.primary or '—' }}", 1),
            ("PM2.5（μg/m³）", "{{ one.pm25 or '—' }}", 1),
        ),
        aligned="lrccr",
    )
    paper.control("endif")
    paper.control("if forecast")
    paper.heading("预报")
    paper.text("{{ forecast }}")
    paper.control("endif")
    paper.control("if counts")
    paper.heading("督办进展")
    paper.rows(
        "counts",
        (("指标", "{{ one.name }}", 2), ("数值", "{{ one.value }}", 1), ("单位", "{{ one.unit }}", 1)),
        aligned="lrl",
    )
    paper.control("endif")
    for name, heading in (("overdue", "逾期问题"), ("duties", "信息公开"), ("asked", "公众关注")):
        paper.control(f"if {name}")
        paper.heading(heading)
        if name == "overdue":
            paper.cases(name)
        else:
            paper.sentences(name)
        paper.control("endif")
    paper.note()
    return paper


def _picture(paper: Paper, name: str, caption: str) -> None:
    paper.control(f"if {name}")
    paper.heading(caption)
    line = paper.file.add_paragraph("{{ " + name + " }}")
    line.paragraph_format.line_spacing = None
    paper.control("endif")


def _short(paper: Paper, name: str, caption: str) -> None:
    paper.control(f"if {name}")
    paper.text(caption, indent=False)
    paper.rows(
        name,
        (("名次", "{{ one.rank }}", 0.6), ("地区", "{{ one.place }}", 1.6), ("数值", "{{ one.figure }}", 1)),
        aligned="clr",
        size=9.5,
    )
    paper.control("endif")


def _scores(paper: Paper, name: str, columns: str) -> None:
    """One line a source: the columns are as many as there are scores, so their names stand beside the figures."""
    paper.rows(
        name,
        (
            ("预报时效", "{{ one.lead }}", 0.8),
            ("来源", "{{ one.source }}", 1.1),
            (
                "得分",
                f"{{% for cell in one.cells %}}{{{{ {columns}[loop.index0] }}}} {{{{ cell }}}}"
                "{% if not loop.last %}；{% endif %}{% endfor %}",
                4,
            ),
        ),
        aligned="cll",
        size=9,
    )
