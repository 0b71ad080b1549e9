"""The register 检查对象台账: sites, campaigns of inspection with their rounds and teams, who was drawn and inspected.

In: lists of sites, plans of campaigns, what inspectors report. Out: candidates for the draw, coverage, proposals of
rebounds and of similar sites. The rules are the pure files beside this folder.
"""
