"""The example's questions 示例: invented, with answers, some still waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from lantian.disclosure.questions import store
from lantian.disclosure.questions.tables import question
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform

ASKED: tuple[tuple[str, str], ...] = (
    ("红色预警期间单双号限行从几点开始？", "预警启动当日零时起执行，公交、地铁加密班次；具体以预警通知为准。"),
    ("红色预警期间中小学停课怎么安排？", "学校停课不停学，由学校在网上布置学习内容；复课时间随预警解除通知发布。"),
    ("PM2.5 和 PM10 有什么区别？", "PM2.5 是直径不大于 2.5 微米的颗粒物，能进入肺的深处；PM10 还包括较粗的扬尘。"),
    ("空气质量指数 AQI 是怎么算的？", "六项污染物各有分指数，最大的一个就是 AQI；本平台的计算器写出每一步。"),
    ("夜间施工工地扬尘应向谁反映？", "可拨打 12369，写明地点和时间；属实的会立案督办，结果在“问题与整改”公开。"),
    ("工地渣土车半夜遗撒有人管吗？", "有。交通、城管、公安联合检查，发现未密闭的依法处罚，并列入台账。"),
    ("冬天为什么容易出现重污染？", "采暖排放增加，加上风小、逆温、边界层低，污染物散不开，湿度大时二次颗粒物增长快。"),
    ("排名倒数的城市会怎样？", "排名每月公布，未完成目标的按量化问责办法提出建议，由有权机关决定。"),
    ("农村煤改电有补贴吗？", "有电价和设备两类补贴，标准由所在区县公布，请向乡镇政府查询。"),
    ("孩子有哮喘，重污染天要注意什么？", "减少外出和户外运动，按医嘱用药，室内使用净化器；不适请及时就医。"),
    ("网上公布的数据能下载吗？", "可以。“数据下载”栏目提供日值、排名和已公开问题的 CSV、JSON、Parquet 文件。"),
    ("举报人信息会公开吗？", "不会。举报人信息单独保存，只有交办人员能看，公开内容中的个人信息都会遮盖。"),
)
WAITING: tuple[str, ...] = (
    "单双号限行期间新能源车限不限？",
    "限行期间外地车可以进城吗？",
    "学校停课期间孩子没人看怎么办？",
    "小区旁边的烧烤店油烟太大，什么时候整治？",
    "村里煤改电之后电费太高怎么办？",
)


def install(platform: Platform, until: datetime, actor: str) -> int:
    """Keep the questions up to a moment; 0 where some are there already."""
    with platform.engine.connect() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(question)):
            return 0
    with audit.act(platform.engine, actor, "示例 questions") as connection:
        for number, (asked, answer) in enumerate(ASKED):
            at = until - timedelta(days=2 * (len(ASKED) - number) + 1, hours=3 * (number % 4))
            key = store.add(connection, asked, None, at, example=True)
            store.publish(connection, key, asked, answer, actor, at + timedelta(days=1, hours=2))
        for number, asked in enumerate(WAITING):
            store.add(connection, asked, None, until - timedelta(hours=5 * (number + 1)), example=True)
    return len(ASKED) + len(WAITING)
