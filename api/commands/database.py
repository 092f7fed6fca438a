"""`firstring db`."""

from api.locking import make_data_dir
from crm_core.migrations.upgrade import upgrade_now
from crm_core.settings import load_settings


def upgrade() -> None:
    settings = load_settings()
    make_data_dir(settings.data_dir)
    upgrade_now(settings.database)
    print("The database has this version's tables.")
