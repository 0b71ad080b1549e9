"""The code lists of HJ 212: systems, commands, data flags, return codes and pollutants.

From HJ 212-2017 (chapters 6 and 7.4 to 7.6 of our facts); what the edition of 2025 adds is known from repositories only
and carries ``since=2025``. Units of pollutants stand as the 2017 table prints them; what a device really sends is a
setting of the device, see ``readings``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "CN",
    "EXE_RETURNS",
    "FLAGS",
    "POLLUTANTS",
    "QN_RETURNS",
    "ST",
    "STATES",
    "Code",
    "Pollutant",
]


@dataclass(frozen=True, slots=True)
class Code:
    """One entry of a code list: its code, Chinese and English name, and the edition that brought it."""

    code: str
    zh: str
    en: str
    since: int = 2005


@dataclass(frozen=True, slots=True)
class Pollutant:
    """One measured factor 监测因子.

    ``unit`` is the unit of the 2017 table in plain ASCII, None where it prints none; ``item`` the name in
    ``lantian.standards.codes.ITEMS``, None where the platform has no item of its own; ``item_unit`` the unit in which
    the platform keeps it (of the item, or of ours for a code without one).
    """

    code: str
    zh: str
    en: str
    unit: str | None
    item: str | None
    item_unit: str


def _listed(*entries: tuple[str, str, str] | tuple[str, str, str, int]) -> Mapping[str, Code]:
    return MappingProxyType({entry[0]: Code(*entry) for entry in entries})


ST = _listed(
    ("21", "地表水质量监测", "surface water"),
    ("22", "空气质量监测", "ambient air"),
    ("23", "声环境质量监测", "noise"),
    ("24", "地下水质量监测", "groundwater"),
    ("25", "土壤质量监测", "soil"),
    ("26", "海水质量监测", "sea water"),
    ("27", "挥发性有机物监测", "volatile organic compounds"),
    ("31", "大气环境污染源", "air pollution source"),
    ("32", "地表水体环境污染源", "surface water pollution source"),
    ("33", "地下水体环境污染源", "groundwater pollution source"),
    ("34", "海洋环境污染源", "sea pollution source"),
    ("35", "土壤环境污染源", "soil pollution source"),
    ("36", "声环境污染源", "noise source"),
    ("37", "振动环境污染源", "vibration source"),
    ("38", "放射性环境污染源", "radiation source"),
    ("39", "工地扬尘污染源", "construction dust"),
    ("41", "电磁环境污染源", "electromagnetic source"),
    ("44", "设施用电监测", "electricity of treatment facilities", 2025),
    ("51", "烟气排放过程监控", "flue gas process"),
    ("52", "污水排放过程监控", "sewage process"),
    ("91", "系统交互", "interaction of systems"),
)
"""Systems 系统编码; 33 to 38 by MEMORY for their single names."""

CN = _listed(
    ("1000", "设置超时时间及重发次数", "set time-out and number of retries"),
    ("1002", "设置设备唯一标识", "set the device identity", 2025),
    ("1011", "提取现场机时间", "get the device's time"),
    ("1012", "设置现场机时间", "set the device's time"),
    ("1013", "现场机时间校准请求", "request for time correction"),
    ("1014", "下发会话密钥", "new session key", 2025),
    ("1061", "提取实时数据间隔", "get the real-time interval"),
    ("1062", "设置实时数据间隔", "set the real-time interval"),
    ("1063", "提取分钟数据间隔", "get the minute interval"),
    ("1064", "设置分钟数据间隔", "set the minute interval"),
    ("1072", "设置现场机密码", "set the device's password"),
    ("2011", "污染物实时数据", "real-time data"),
    ("2012", "停止察看实时数据", "stop real-time data"),
    ("2013", "仪表原始数据", "raw data of an instrument", 2025),
    ("2021", "设备运行状态", "state of devices"),
    ("2022", "停止察看设备运行状态", "stop state of devices"),
    ("2031", "污染物日历史数据", "data of a day"),
    ("2041", "设备运行时间日历史数据", "run time of devices of a day"),
    ("2051", "污染物分钟数据", "data of minutes"),
    ("2061", "污染物小时数据", "data of an hour"),
    ("2062", "自动标样核查数据", "data of the automatic standard check", 2025),
    ("2081", "数采仪开机时间", "time of the start of the logger"),
    ("3011", "零点校准量程校准", "zero and span calibration"),
    ("3012", "即时采样", "sample now"),
    ("3013", "启动清洗或反吹", "clean or blow back"),
    ("3014", "比对采样", "sample for comparison"),
    ("3015", "超标留样", "keep a sample of an exceedance"),
    ("3016", "设置采样时间周期", "set the sampling cycle"),
    ("3017", "提取采样时间周期", "get the sampling cycle"),
    ("3018", "提取出样时间", "get the time until a result"),
    ("3019", "提取设备唯一标识", "get the instrument's identity"),
    ("3020", "提取现场机信息", "get information or a log"),
    ("3021", "设置现场机参数", "set a parameter"),
    ("3022", "实时采样任务", "real-time sampling task", 2025),
    ("3024", "自动标样核查", "automatic standard check", 2025),
    ("9011", "请求应答", "answer to a request"),
    ("9012", "执行结果", "result of a command"),
    ("9013", "通知应答", "answer to a notice"),
    ("9014", "数据应答", "answer to data"),
    ("9015", "心跳", "heartbeat", 2025),
)
"""Commands 命令编码."""

FLAGS = _listed(
    ("N", "正常", "normal"),
    ("F", "停运", "stopped"),
    ("M", "维护", "maintenance"),
    ("S", "手工输入", "manual input"),
    ("D", "故障", "fault"),
    ("C", "校准", "calibration"),
    ("T", "超上限", "over range"),
    ("B", "通讯异常", "communication error"),
)
"""Marks of a value 数据标记."""

QN_RETURNS = _listed(
    ("1", "准备执行请求", "ready"),
    ("2", "请求被拒绝", "refused"),
    ("3", "PW 错误", "wrong PW"),
    ("4", "MN 错误", "wrong MN"),
    ("5", "ST 错误", "wrong ST"),
    ("6", "Flag 错误", "wrong Flag"),
    ("7", "QN 错误", "wrong QN"),
    ("8", "CN 错误", "wrong CN"),
    ("9", "CRC 校验错误", "wrong CRC"),
    ("100", "未知错误", "unknown error"),
)
"""Return codes of a request 请求命令返回."""

EXE_RETURNS = _listed(
    ("1", "执行成功", "done"),
    ("2", "执行失败，原因未知", "failed, reason unknown"),
    ("3", "执行失败，条件错误", "failed, wrong condition"),
    ("4", "通讯超时", "time-out"),
    ("5", "系统繁忙", "busy"),
    ("6", "系统故障", "fault of the system"),
    ("100", "没有数据", "no data"),
)
"""Return codes of an execution 执行结果."""

STATES = _listed(
    ("0", "关闭", "off"),
    ("1", "运行", "running"),
    ("2", "校准", "calibrating"),
    ("3", "维护", "maintenance"),
    ("4", "报警", "alarm"),
    ("5", "反吹", "back-blow"),
)
"""States of a device, ``SBx-RS``."""

_FACTORS = (
    Pollutant("a01001", "温度", "air temperature", "degC", "temperature", "degC"),
    Pollutant("a01002", "湿度", "relative humidity", "%", "humidity", "%"),
    Pollutant("a01006", "气压", "air pressure", "kPa", "pressure", "hPa"),
    Pollutant("a01007", "风速", "wind speed", "m/s", "wind_speed", "m/s"),
    Pollutant("a01008", "风向", "wind direction", "degree", "wind_direction", "degree"),
    Pollutant("a05024", "臭氧", "ozone", None, "o3", "ug/m3"),
    Pollutant("a21002", "氮氧化物", "nitrogen oxides", "mg/m3", "nox", "ug/m3"),
    Pollutant("a21003", "一氧化氮", "nitrogen monoxide", "mg/m3", "no", "ug/m3"),
    Pollutant("a21004", "二氧化氮", "nitrogen dioxide", "mg/m3", "no2", "ug/m3"),
    Pollutant("a21005", "一氧化碳", "carbon monoxide", "mg/m3", "co", "mg/m3"),
    Pollutant("a21026", "二氧化硫", "sulfur dioxide", "mg/m3", "so2", "ug/m3"),
    Pollutant("a34001", "总悬浮颗粒物", "total suspended particles", "ng/m3", "tsp", "ug/m3"),
    Pollutant("a34002", "可吸入颗粒物", "PM10", "ng/m3", "pm10", "ug/m3"),
    Pollutant("a34004", "细颗粒物", "PM2.5", "ng/m3", "pm25", "ug/m3"),
    Pollutant("a34005", "亚微米颗粒物", "PM1", None, None, "ug/m3"),
    Pollutant("a34011", "降尘", "dustfall", "t/km2/month", None, "t/km2/month"),
    Pollutant("a34013", "烟尘", "soot of a flue", "mg/m3", None, "mg/m3"),
    Pollutant("a19001", "氧含量", "oxygen", "%", None, "%"),
    Pollutant("a00000", "废气流量", "flow of waste gas", "m3/h", None, "m3/h"),
    Pollutant("a01011", "烟气流速", "flue gas speed", "m/s", None, "m/s"),
    Pollutant("a01012", "烟气温度", "flue gas temperature", "degC", None, "degC"),
    Pollutant("a01013", "烟气压力", "flue gas pressure", "kPa", None, "kPa"),
    Pollutant("a01014", "烟气湿度", "flue gas humidity", "%", None, "%"),
    Pollutant("a24088", "非甲烷总烃", "non-methane hydrocarbons", "mg/m3", None, "mg/m3"),
    Pollutant("a25002", "苯", "benzene", "mg/m3", None, "mg/m3"),
    Pollutant("a25003", "甲苯", "toluene", "mg/m3", None, "mg/m3"),
    Pollutant("a25005", "二甲苯", "xylene", "mg/m3", None, "mg/m3"),
    Pollutant("LA", "噪声", "noise, A-weighted", "dB", None, "dB"),
    Pollutant("w01001", "pH 值", "pH", "1", None, "1"),
    Pollutant("w01009", "溶解氧", "dissolved oxygen", "mg/L", None, "mg/L"),
    Pollutant("w01018", "化学需氧量", "chemical oxygen demand", "mg/L", None, "mg/L"),
    Pollutant("w01019", "高锰酸盐指数", "permanganate index", "mg/L", None, "mg/L"),
    Pollutant("w21001", "总氮", "total nitrogen", "mg/L", None, "mg/L"),
    Pollutant("w21003", "氨氮", "ammonia nitrogen", "mg/L", None, "mg/L"),
    Pollutant("w21011", "总磷", "total phosphorus", "mg/L", None, "mg/L"),
)

POLLUTANTS: Mapping[str, Pollutant] = MappingProxyType({factor.code: factor for factor in _FACTORS})
"""Factors by code. The four flue parameters a01011 to a01014 in this order, the unit of flow and a24088 to a25005 are
of MEMORY; the rest is printed in HJ 212-2017."""
