from tests.database_fixtures import database, database_url, postgres, template

__all__ = ["database", "database_url", "postgres", "template"]
