"""Departments 部门 of a city: who owns a dataset, a case or a task. A code stands in databases: add, never rename."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Department:
    """A department with its names."""

    code: str
    zh: str
    en: str


_ALL = (
    Department("government", "属地政府", "Local government"),
    Department("ecology", "生态环境", "Ecology and environment"),
    Department("housing", "住房城乡建设", "Housing and construction"),
    Department("transport", "交通运输", "Transport"),
    Department("urban", "城市管理", "Urban management"),
    Department("agriculture", "农业农村", "Agriculture"),
    Department("police", "公安交管", "Traffic police"),
    Department("industry", "工业和信息化", "Industry"),
    Department("market", "市场监管", "Market regulation"),
    Department("reform", "发展改革", "Development and reform"),
    Department("resources", "自然资源", "Natural resources"),
    Department("water", "水务", "Water"),
    Department("weather", "气象", "Weather service"),
)

DEPARTMENTS: Mapping[str, Department] = MappingProxyType({one.code: one for one in _ALL})
"""Every department by code, in the order in which lists show them."""
