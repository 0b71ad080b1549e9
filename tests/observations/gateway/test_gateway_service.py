"""The gateway with its database: what a page asks for reaches the device, and what happens is seen."""

import asyncio
import contextlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from lantian.observations.gateway import commands, service
from lantian.observations.gateway.device import Device
from lantian.observations.gateway.register import Register
from lantian.observations.gateway.tables import state, stranger
from lantian.observations.hj212 import Framer, Link, answer, encode, qn_of, result

MN = "A" * 24
LINK = Link("39", MN, "123456")


async def until(look, seconds=20):
    for _ in range(int(seconds / 0.05)):
        if found := await asyncio.to_thread(look):
            return found
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


async def packet(reader, framer=None):
    framer = framer or Framer()
    while not (frames := framer.feed(await asyncio.wait_for(reader.read(4096), 20))):
        pass
    return frames[0].packet


@contextlib.asynccontextmanager
async def running(platform):
    taken, stop = asyncio.get_running_loop().create_future(), asyncio.Event()
    serving = asyncio.create_task(
        service.serve(platform, "127.0.0.1", 0, ready=lambda _, port: taken.set_result(port), keeper=False, stop=stop)
    )
    await asyncio.wait({taken, serving}, return_when=asyncio.FIRST_COMPLETED)
    try:
        yield await taken if taken.done() else await serving
    finally:
        stop.set()
        await serving


def device(platform, **changes):
    given = {"mn": MN, "kind": "dust", "st": "39", "name": "d", "region": "110105", "password": "123456"}
    return Device(**given | {"since": platform.clock.now() - timedelta(days=1)} | changes)


@pytest.mark.requirement("M2", part="remote commands from the page, with audit")
def test_a_command_asked_for_reaches_the_device_and_its_result_the_page(platform, monkeypatch):
    monkeypatch.setattr(service, "FLUSH", 0.1)
    Register(platform).put([device(platform)], "test")

    async def talk():
        async with running(platform) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            now = platform.clock.now()
            writer.write(encode(LINK.upload("2051", qn_of(now), now, {"a34002": {"Avg": 1}})[0]))
            assert (await packet(reader)).cn == "9014"
            row = await until(lambda: first(platform, state))
            assert (row.mn, row.packets, row.connected_at is not None) == (MN, 1, True)
            commands.ask(platform, device(platform), "3012", {"PolId": "a34002"}, "示例分析员", now)
            asked = await packet(reader)
            assert (asked.cn, asked.get("PolId"), asked.pw) == ("3012", "a34002", "123456")
            writer.write(encode(answer(asked)) + encode(result(asked)))
            done = await until(lambda: [one for one in listed(platform) if one.state == "done"])
            assert done[0].said("zh") == "准备执行请求 → 执行成功"
            unknown = Link("39", "B" * 24, "123456").upload("2051", qn_of(now), now, {"a34002": {"Avg": 1}})[0]
            writer.write(encode(unknown))
            assert (await packet(reader)).get("QnRtn") == "4"
            knock = await until(lambda: first(platform, stranger))
            assert (knock.mn, knock.reason) == ("B" * 24, "mn")
            Register(platform).put([device(platform, mn="B" * 24)], "test")  # is known at once
            for _ in range(100):
                writer.write(encode(unknown))
                if (told := await packet(reader)).cn == "9014":
                    break
                await asyncio.sleep(0.05)
            assert told.cn == "9014"
            with pytest.raises(RuntimeError, match="another gateway works here"):
                await service.serve(platform, "127.0.0.1", 0)
            writer.close()

    asyncio.run(talk())
    assert first(platform, state).connected_at is None
    with platform.engine.connect() as connection:
        said = connection.exec_driver_sql("select distinct actor from audit where table_name = 'device_command'")
        assert set(said.scalars()) == {"示例分析员", "gateway"}


def first(platform, table):
    with platform.engine.connect() as connection:
        return connection.execute(sa.select(table).order_by(table.c.mn)).first()


def listed(platform):
    return commands.listed(platform, MN, as_of=platform.clock.now())
