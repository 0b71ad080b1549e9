"""The kernel: settings, database, clock, audit, accounts and jobs, which every room above stands on.

In: `LANTIAN_*` variables, `<home>/lantian.toml`, and what people and jobs write. Out: a `Platform` with its settings,
database and clock, in which every write leaves who, when, what, before and after.

    from lantian.kernel.bootstrap import open_platform

    with open_platform() as platform:
        print(platform.clock.now())
"""
