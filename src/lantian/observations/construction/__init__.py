"""Construction sites 施工工地: is dust above what holds there, and what of the eight 100 % 八个百分之百 is missing?

In: the register and the checklists (feeds `construction_site`, `construction_check`), minutes of the sites'
instruments, hours of the county's stations. Out: verdicts by the rule that holds, episodes, alerts that become cases.
"""

from lantian.observations.construction.checklist import Checklist, Point, Score
from lantian.observations.construction.exceedance import Episode, episodes, judge
from lantian.observations.construction.rules import Limit, Rule, RuleError, Rules
from lantian.observations.construction.site import Site

__all__ = ["Checklist", "Episode", "Limit", "Point", "Rule", "RuleError", "Rules", "Score", "Site", "episodes", "judge"]
