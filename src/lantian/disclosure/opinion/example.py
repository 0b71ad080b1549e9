"""Putting the example's messages and stock answers 示例 into a platform."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from lantian.disclosure.opinion import letters, store
from lantian.disclosure.opinion.files import Sent
from lantian.disclosure.opinion.letters import Spike
from lantian.disclosure.opinion.service import Opinion
from lantian.disclosure.opinion.tables import opinion_message
from lantian.kernel import audit
from lantian.kernel.bootstrap import Platform
from lantian.places.store import PlaceStore
from lantian.supervision.events import BEIJING

DAYS = 75
STOCK: tuple[tuple[str, str, str], ...] = (
    ("traffic", "单双号限行时间", "红色预警期间机动车单双号行驶，起止时间以预警通知为准；公交、地铁加密班次。"),
    ("school", "停课安排", "学校停课不停学，由学校布置线上学习；复课时间随预警解除通知发布。"),
    ("dust", "工地扬尘处理", "请提供工地名称、地址和时间，我们将在规定期限内核查并答复；属实的立案督办并公开结果。"),
    ("coal", "煤改电补贴", "补贴标准由所在区县公布，请向乡镇政府查询；设备故障请联系供应单位报修。"),
    ("industry", "夜间异味核查", "已转属地生态环境部门夜间巡查；请注明味道、风向和时段，便于查找来源。"),
    ("catering", "餐饮油烟", "餐饮油烟由城市管理部门核查，未装净化设施或直排的依法责令改正。"),
    ("health", "重污染天防护", "儿童、老人和心肺疾病患者减少外出；外出佩戴合规口罩，不适请及时就医。"),
    ("data", "监测数据来源", "数据由国家和市级监测站自动采集，按标准审核；站点信息和日值可在公开页面下载。"),
)


def install(platform: Platform, group: str, until: datetime, actor: str, *, seed: int = 2016) -> int:
    """Keep the letters up to a moment; 0 where some are there already. Raises LookupError: no such group."""
    with platform.engine.connect() as connection:
        if connection.scalar(sa.select(sa.func.count()).select_from(opinion_message)):
            return 0
    places = PlaceStore(platform.engine)
    regions = {code: places.region(code).name for code in places.group(group).members}
    last = until.astimezone(BEIJING).date()
    spikes = [Spike("school", last), Spike("traffic", last - timedelta(days=1)), Spike("haze", last, 5)]
    written = letters.write(regions, last - timedelta(days=DAYS - 1), DAYS, seed=seed, spikes=spikes)
    sent = [
        Sent(f"示例信箱:{one.id}", one.received_at, one.text, "示例信箱") for one in written if one.received_at <= until
    ]
    new = Opinion(platform).take_in(sent, actor, example=True, as_received=True)
    with audit.act(platform.engine, actor, "示例 stock answers") as connection:
        for topic, title, text in STOCK:
            store.put_stock(connection, topic, title, text, actor, until - timedelta(days=DAYS), example=True)
    return new
