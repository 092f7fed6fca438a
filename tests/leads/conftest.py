"""Lead rules and requests are tested on both kinds of databases."""

from tests.crm_core.conftest import database, database_url, office, other_office, postgres, template

__all__ = ["database", "database_url", "office", "other_office", "postgres", "template"]
