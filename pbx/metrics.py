"""What the listeners count, for Prometheus; every figure is per exchange."""

from prometheus_client import Counter, Gauge

MESSAGES = Counter("firstring_ami_messages", "Messages of the exchange that were taken in", ["exchange"])
BYTES = Counter("firstring_ami_bytes", "Bytes of the exchange that were taken in", ["exchange"])
DROPPED = Gauge("firstring_events_dropped", "Events that fit no known call, since the start", ["exchange"])
FAULTS = Counter("firstring_derive_faults", "Batches whose bytes were kept but not wholly understood", ["exchange"])
RETRIES = Counter("firstring_journal_retries", "Batches the database did not take at the first try", ["exchange"])
RECONNECTS = Counter("firstring_ami_reconnects", "Times the connection to the exchange was lost and made anew", ["exchange"])
CONNECTED = Gauge("firstring_ami_up", "1 while logged in at the exchange", ["exchange"])
LAG = Gauge("firstring_journal_lag_seconds", "Seconds from receiving the last batch to having it stored", ["exchange"])
WAITING = Gauge("firstring_journal_waiting_bytes", "Bytes received and not stored yet", ["exchange"])
GAPS = Counter("firstring_gaps", "Times nobody listened, by what became of them: inline, late or open", ["exchange", "filled"])
RECORDS = Counter("firstring_gap_records", "Records of the exchange that were read to fill gaps", ["exchange"])
BROKEN = Counter("firstring_gap_records_broken", "Records of the exchange that could not be read", ["exchange"])
