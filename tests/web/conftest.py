"""Pages on a small office, in plain requests and in a real browser."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from crm_core.migrations.upgrade import upgrade_now
from crm_core.users.tables import Role
from tests.chromium import browser
from tests.databases import fresh_sqlite
from tests.requirements import requires_chromium
from tests.web.site import PASSWORD, Site

__all__ = ["browser", "requires_chromium"]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrated in a thread: playwright keeps a loop of its own running in this one."""
    file = tmp_path_factory.mktemp("template") / "template.db"
    with ThreadPoolExecutor(1) as aside:
        aside.submit(upgrade_now, f"sqlite+aiosqlite:///{file}").result()
    return file


@pytest.fixture
def site(migrated: Path, tmp_path: Path) -> Iterator[Site]:
    served = Site(tmp_path, fresh_sqlite(migrated, tmp_path)).start()
    yield served
    served.stop()


@pytest.fixture
def visitor(site: Site) -> Iterator[Callable[[Role | None], "Visitor"]]:
    """`visitor(role)`: somebody of that role, logged in; None: a stranger."""
    with ExitStack() as came:

        def come(role: Role | None) -> Visitor:
            client = Visitor(site)
            came.callback(client.close)
            if role is not None:
                client.log_in(site.email(role))
            return client

        yield come


class Visitor(httpx.Client):
    """A browser without scripts."""

    def __init__(self, site: Site) -> None:
        super().__init__(base_url=site.url, headers={"Origin": site.url}, timeout=20)

    def log_in(self, email: str) -> None:
        answer = self.post("/login", data={"email": email, "password": PASSWORD})
        assert answer.headers["location"] == "/"
