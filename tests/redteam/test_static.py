"""The static check refuses every hostile policy that needs what no policy needs, before any of it runs."""

import pytest
from corpus import corpus

from fastheur.errors import PolicyError
from fastheur.loading import check
from fastheur.mailbox import MOST_WORDS

REFUSED = [one for one in corpus() if one.static == "refused"]


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.name)
def test_the_static_check_refuses_it(attack):
    with pytest.raises(PolicyError) as caught:
        check(attack.source(), attack.name)
    assert len(str(caught.value)) < MOST_WORDS
