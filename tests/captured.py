"""A capture played into an office as the listener would take it: batch by batch, each derived and taken in."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from crm_core.calls.events import CallEvent
from crm_core.exchanges.config import ExchangeConfig
from pbx.batch_cutter import BatchCutter
from pbx.derivation import Derivation
from pbx.received import Received
from tests.builders import MORNING

CAPTURES = Path(__file__).parent / "captures" / "asterisk"


def played(name: str, exchange: ExchangeConfig) -> Iterator[tuple[float, Sequence[CallEvent]]]:
    """What each batch of the capture tells, and when it came; second 0 of the capture is our morning."""
    derivation, cutter = Derivation(exchange), BatchCutter()
    for batch in _batches(CAPTURES / f"{name}.ami"):
        for whole in cutter.cut([batch]):
            yield whole.received_at, derivation.take(whole)


def an_exchange() -> ExchangeConfig:
    """One that nobody listens to, for whoever reads without a database."""
    return ExchangeConfig(
        id=1, name="default", dialect="asterisk", region="RU", language=None, ami_host="127.0.0.1", ami_port=5038, ami_tls=False,
        ami_user="firstring", ami_secret="secret", dial_user=None, dial_secret=None, recordings_root=Path("/"), cel_file=None,
        trunks=(), extensions=(), own_numbers=frozenset(), house_numbers=frozenset(),
    )  # fmt: skip


def _batches(file: Path) -> Iterator[Received]:
    data, told = file.read_bytes(), 0
    for line in Path(f"{file}.times").read_text().splitlines():
        second, until = line.split()
        if int(until) > told:
            yield Received("capture", told, MORNING + float(second), data[told : int(until)])
        told = max(told, int(until))
