"""Fixtures around a real Asterisk 22; they skip, with the reason, where there can be none."""

from collections.abc import Iterator

import pytest

from tests.asterisk.exchange import RealExchange


@pytest.fixture
def real_exchange(requires_asterisk: None) -> Iterator[RealExchange]:
    """An exchange of the test's own, fresh, with nothing configured but what is shipped."""
    with RealExchange() as exchange:
        yield exchange


@pytest.fixture(scope="module")
def shared_exchange(requires_asterisk: None) -> Iterator[RealExchange]:
    """One exchange for the tests of a module that leave it as it was."""
    with RealExchange() as exchange:
        yield exchange


@pytest.fixture
def exchange_of_16(requires_asterisk_16: None) -> Iterator[RealExchange]:
    """The same with Asterisk 16, unless FIRSTRING_TEST_ASTERISK16=0 leaves it out."""
    with RealExchange(suite="bullseye") as exchange:
        yield exchange
