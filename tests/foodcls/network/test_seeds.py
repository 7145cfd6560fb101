import threading

import torch

from foodcls.network.seeds import derive_seed, seeded


def draw(*seed: int | str) -> list[float]:
    with seeded(*seed):
        return torch.rand(4).tolist()


def test_same_seed_draws_the_same_and_another_seed_another() -> None:
    assert draw("a", 1) == draw("a", 1)
    assert draw("a", 1) != draw("a", 2)
    assert draw("a", 1) != draw("b", 1)


def test_nothing_leaks_out_of_the_block() -> None:
    torch.manual_seed(7)
    before = torch.random.get_rng_state()
    draw(3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_threads_do_not_mix_their_numbers() -> None:
    wanted = {number: draw(number) for number in range(8)}
    found: dict[int, list[float]] = {}

    def work(number: int) -> None:
        for _ in range(50):
            found[number] = draw(number)
            assert found[number] == wanted[number]

    threads = [threading.Thread(target=work, args=(number,)) for number in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


def test_parts_of_a_seed_do_not_run_together() -> None:
    assert derive_seed(1, 23) != derive_seed(12, 3)
    assert 0 <= derive_seed("x") < 2**63
