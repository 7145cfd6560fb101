from foodcls.collect.host_queue import Errand, Turns


def errand(host: str, number: int) -> Errand:
    url = f"http://{host}/{number}"
    return Errand(url, at=url)


def test_hosts_take_turns() -> None:
    turns = Turns(per_host=2)
    for host in ("slow", "fast"):
        for number in range(3):
            turns.add(errand(host, number))
    assert [turns.take().host for _ in range(4)] == ["slow", "fast", "slow", "fast"]
    assert turns.take() is None


def test_a_place_that_is_given_back_is_taken_by_the_same_host() -> None:
    turns = Turns(per_host=1)
    for number in range(2):
        turns.add(errand("one", number))
    first = turns.take()
    assert turns.take() is None
    turns.give_back(first)
    assert turns.take() == errand("one", 1)


def test_a_host_that_rests_gets_no_errand_and_holds_up_no_other() -> None:
    turns = Turns(per_host=2)
    for number in range(3):
        turns.add(errand("tired", number))
    running = turns.take()
    turns.rest("tired")
    turns.rest("tired")
    turns.give_back(running)
    turns.add(errand("tired", 3))
    turns.add(errand("other", 0))
    assert turns.take() == errand("other", 0)
    turns.wake("tired")
    assert turns.take() is None and not turns.are_over
    turns.wake("tired")
    assert [turns.take() for _ in range(3)] == [errand("tired", 1), errand("tired", 2), None]


def test_every_errand_gets_its_turn_once() -> None:
    turns = Turns(per_host=3)
    wanted = [errand(f"host{number % 4}", number) for number in range(50)]
    for one in wanted:
        turns.add(one)
    seen, running = [], []
    while len(seen) < 50:
        while (one := turns.take()) is not None:
            running.append(one)
        seen.append(running.pop(0))
        turns.give_back(seen[-1])
    assert sorted(one.url for one in seen) == sorted(one.url for one in wanted)
    assert turns.take() is None
