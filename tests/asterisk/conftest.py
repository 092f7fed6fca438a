from tests.asterisk.fixtures import exchange_of_16, real_exchange, shared_exchange
from tests.requirements import requires_asterisk, requires_asterisk_16

__all__ = ["exchange_of_16", "real_exchange", "requires_asterisk", "requires_asterisk_16", "shared_exchange"]
