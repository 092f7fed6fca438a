from tests.asterisk.fixtures import real_exchange, shared_exchange
from tests.requirements import requires_asterisk

__all__ = ["real_exchange", "requires_asterisk", "shared_exchange"]
