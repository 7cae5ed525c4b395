"""Networks under faults: not one stored point is lost, doubled or wrong."""

import pytest

from fixtures.network_faults import survive


@pytest.mark.parametrize("seed", range(1, 5))
def test_a_network_survives_its_faults(seed):
    audit, told = survive(seed)
    assert audit.clean, f"{audit.summary()}\n" + "\n".join(told)


def test_the_faults_are_felt_where_nothing_is_collected_again():
    assert any(survive(seed, "network-no-recollection")[0].missing for seed in range(1, 4))


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.nightly
def test_a_hundred_networks_survive_their_faults():
    broken = {}
    values = 0
    for seed in range(100, 200):
        audit, told = survive(seed)
        values += audit.compared
        if not audit.clean:
            broken[seed] = [audit.summary(), *told]
    assert not broken
    assert values > 0
