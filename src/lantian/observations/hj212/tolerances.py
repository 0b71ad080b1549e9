"""Deviations from the standard: those known from devices in the field, each a tolerance with a name, and plain faults.

A packet that deviates is refused unless every one of its deviations is a tolerance that the device was granted; what
let it through stands in ``Frame.quirks``. Nothing is tolerated by default. Seen in the packets of our facts (chapter
7.7); what is ours to bound a reader stands in ``FAULTS``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["FAULTS", "TOLERANCES", "VENDOR_NAMES", "Deviation", "Fault", "granted"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """A way to deviate: its name, in Chinese and English, and the QnRtn that a request with it is answered with."""

    name: str
    zh: str
    en: str
    qn_return: str = "100"


def _listed(*entries: tuple[str, str, str] | tuple[str, str, str, str]) -> Mapping[str, Deviation]:
    return MappingProxyType({entry[0]: Deviation(*entry) for entry in entries})


TOLERANCES = _listed(
    # the frame
    ("lower_case_crc", "CRC 为小写字母", "the CRC is in lower case", "9"),
    ("modbus_crc", "CRC 按 CRC-16/MODBUS 计算", "the CRC is CRC-16/MODBUS", "9"),
    ("swapped_crc", "CRC 高低字节颠倒", "the two bytes of the CRC are exchanged", "9"),
    (
        "crc_wrong_length_right",
        "CRC 错误而长度正确",
        "the CRC is wrong, the length right",
        "9",
    ),
    ("length_wrong_crc_right", "长度错误而 CRC 正确", "the length is wrong, the CRC right"),
    ("missing_terminator", "缺少回车换行", "no carriage return and line feed at the end"),
    ("long_segment", "数据段超过 1024 字节", "the data segment is longer than 1024 bytes"),
    # the head
    ("missing_qn", "缺少 QN", "QN is absent", "7"),
    ("qn_form", "QN 不是 17 位时间", "QN is not a time of 17 digits", "7"),
    ("undefined_st", "ST 未定义", "ST is not in the list", "5"),
    ("empty_pw", "PW 为空", "PW is empty", "3"),
    ("pw_form", "PW 不是 6 位", "PW has not 6 characters", "3"),
    ("mn_absent", "缺少 MN", "MN is absent", "4"),
    ("vendor_mn", "MN 不是 24 位十六进制", "MN is not of 24 hexadecimal digits", "4"),
    ("missing_flag", "缺少 Flag", "Flag is absent", "6"),
    ("other_version", "Flag 的版本号与设备登记不符", "Flag names another edition than the device's", "6"),
    (
        "d_without_pnum",
        "Flag 表明分包但无 PNUM、PNO",
        "Flag says split, PNUM and PNO are absent",
        "6",
    ),
    ("pnum_without_d", "有 PNUM、PNO 但 Flag 未表明分包", "PNUM and PNO stand there, Flag does not say so", "6"),
    ("pno_before_pnum", "PNO 在 PNUM 之前", "PNO stands before PNUM"),
    ("header_order", "首部字段顺序不同", "the fields of the head stand in another order"),
    ("comma_in_header", "首部以逗号分隔", "a comma between fields of the head"),
    ("missing_semicolon_before_cp", "CP 前缺少分号", "no semicolon before CP"),
    # the data
    ("trailing_semicolon", "数据区末尾多分号", "a semicolon before the closing &&"),
    ("datetime_17", "DataTime 为 17 位", "DataTime has 17 digits"),
    ("vendor_names", "使用厂商自定义因子名", "names of factors that are not codes"),
    ("malformed_key", "字段名不合规定", "a field's name has no known ending, or two"),
    ("flag_as_item", "Flag 单独成项", "Flag stands as an item of its own"),
    ("comma_between_items", "项目之间用逗号分隔", "a comma between two items"),
    ("split_item", "同一项目被分号拆开", "a semicolon between two fields of one item"),
    ("repeated_item", "同一字段重复", "the same field twice"),
    ("unknown_flag", "数据标记未定义", "a mark of a value that is not in the list"),
    ("not_a_number", "数值字段不是数", "no number where one must be; it is read as missing"),
)
"""Every tolerance by name."""

FAULTS = _listed(
    ("junk", "报文之间的杂乱内容", "bytes that are no packet"),
    ("unterminated", "报文没有结束", "a packet without an end"),
    ("crc_wrong", "CRC 与长度都错误", "neither the CRC nor the length is right", "9"),
    ("encoding", "不是 UTF-8", "the text is not UTF-8"),
    ("header", "首部无法解析", "the head cannot be read"),
    ("missing_st", "缺少 ST", "ST is absent", "5"),
    ("missing_pw", "缺少 PW", "PW is absent", "3"),
    ("cn", "CN 未定义", "CN is not in the list", "8"),
    ("mn_form", "MN 含有其他字符", "MN has characters other than letters, digits, - and _", "4"),
    ("flag_form", "Flag 不是 0 至 255 的整数", "Flag is not a whole number from 0 to 255", "6"),
    ("version", "Flag 的版本号未定义", "Flag names an edition that does not exist", "6"),
    ("pnum_form", "PNUM、PNO 不合规定", "PNUM and PNO are not whole numbers with 1 <= PNO <= PNUM <= 9999"),
    ("cp", "数据区无法解析", "the data is not CP=&&...&&"),
    ("field", "字段不是 名称=值", "a field is not name=value"),
    ("time_form", "时间不合规定", "a time is not of 14 digits, or does not exist"),
    ("return_code", "返回代码不是整数", "a return code is not a whole number"),
    ("cipher", "密文无法解开", "the data cannot be deciphered"),
)
"""Deviations that no device can be granted."""

VENDOR_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "PM25": "a34004",
        "PM2.5": "a34004",
        "PM10": "a34002",
        "TSP": "a34001",
        "TEM": "a01001",
        "RH": "a01002",
        "PA": "a01006",
        "WS": "a01007",
        "WD": "a01008",
        "NOIS": "LA",
        "O3": "a05024",
        "SO2": "a21026",
        "NO2": "a21004",
        "NO": "a21003",
        "CO": "a21005",
        "B03": "LA",
        "011": "w01018",
        "060": "w21003",
    }
)
"""Names of vendors and codes of 2005 (``011`` chemical oxygen demand, ``060`` ammonia nitrogen, ``B03``: MEMORY) and
what ``readings`` takes them for, where the device was granted ``vendor_names`` or speaks 2005."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One deviation of one packet: what, where, the value that stands there, and what would be right."""

    name: str
    where: str
    value: str
    right: str

    @property
    def deviation(self) -> Deviation:
        """What the name means."""
        return TOLERANCES.get(self.name) or FAULTS[self.name]

    @property
    def tolerance(self) -> str | None:
        """The tolerance that would let the packet pass, None where none does."""
        return self.name if self.name in TOLERANCES else None

    @property
    def qn_return(self) -> str:
        """The QnRtn with which a request that has this fault is answered."""
        return self.deviation.qn_return

    @property
    def zh(self) -> str:
        """One Chinese sentence."""
        return f"{self.where}: {self.deviation.zh}，现为 {self.value or '空'}，应为 {self.right}"

    def __str__(self) -> str:
        return f"{self.where}: {self.deviation.en}: {self.value or 'nothing'} where {self.right} would be right"


def granted(names: Iterable[str]) -> frozenset[str]:
    """Check the names of tolerances; ValueError names one that does not exist and lists those that do."""
    wanted = frozenset(names)
    for name in sorted(wanted - TOLERANCES.keys()):
        raise ValueError(f"no tolerance {name!r}; there are {', '.join(TOLERANCES)}")
    return wanted
