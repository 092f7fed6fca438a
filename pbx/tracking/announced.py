"""Which files a channel's recordings are, though the exchange names one file in two ways."""


def announce(known: dict[str, float], path: str, at: float) -> None:
    """Note a path with the time of its first announcement; of two names of one file the whole path stays.

    AMI tells the whole path (MIXMONITOR_FILENAME), the records tell the one within the monitor folder (MixMonitor's argument).
    """
    if path in known or not known:
        known[path] = min(at, known.get(path, at))
        return
    same = [other for other in known if _is_one_file(path, other)]
    first = min([at, *(known.pop(other) for other in same)])
    known[max([path, *same], key=len)] = first


def _is_one_file(one: str, other: str) -> bool:
    return one == other or one.endswith(f"/{other}") or other.endswith(f"/{one}")


def file_name(path: str) -> str:
    return path.rpartition("/")[2]
