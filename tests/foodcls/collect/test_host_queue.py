from foodcls.collect.host_queue import HostQueue, Request


def request(host: str, number: int) -> Request:
    url = f"http://{host}/{number}"
    return Request(url, at=url)


def test_hosts_take_turns() -> None:
    queue = HostQueue(per_host=2)
    for host in ("slow", "fast"):
        for number in range(3):
            queue.add(request(host, number))
    assert [queue.take().host for _ in range(4)] == ["slow", "fast", "slow", "fast"]
    assert queue.take() is None


def test_a_place_that_is_given_back_is_taken_by_the_same_host() -> None:
    queue = HostQueue(per_host=1)
    for number in range(2):
        queue.add(request("one", number))
    first = queue.take()
    assert queue.take() is None
    queue.release(first)
    assert queue.take() == request("one", 1)


def test_a_throttled_host_gets_no_request_and_holds_up_no_other() -> None:
    queue = HostQueue(per_host=2)
    for number in range(3):
        queue.add(request("tired", number))
    running = queue.take()
    queue.pause("tired")
    queue.pause("tired")
    queue.release(running)
    queue.add(request("tired", 3))
    queue.add(request("other", 0))
    assert queue.take() == request("other", 0)
    queue.resume("tired")
    assert queue.take() is None and not queue.is_empty
    queue.resume("tired")
    assert [queue.take() for _ in range(3)] == [request("tired", 1), request("tired", 2), None]


def test_every_request_gets_its_turn_once() -> None:
    queue = HostQueue(per_host=3)
    wanted = [request(f"host{number % 4}", number) for number in range(50)]
    for one in wanted:
        queue.add(one)
    seen, running = [], []
    while len(seen) < 50:
        while (one := queue.take()) is not None:
            running.append(one)
        seen.append(running.pop(0))
        queue.release(seen[-1])
    assert sorted(one.url for one in seen) == sorted(one.url for one in wanted)
    assert queue.take() is None
