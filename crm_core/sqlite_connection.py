"""A connection to SQLite that leaves nothing behind when it is closed."""

import sqlite3
import weakref
from typing import Any


class SqliteConnection(sqlite3.Connection):
    """Closing it ends its statements too, and with them its transaction.

    Python's own `close` leaves a half-read statement to whoever holds its cursor. SQLite then keeps the connection, its
    transaction and the writer's lock until the garbage collector comes by: so it was after a task cancelled in mid-query,
    whose cursor lives on in the traceback.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        cursor = super().cursor(*arguments, **options)
        self._cursors.add(cursor)
        return cursor

    def close(self) -> None:
        for cursor in list(self._cursors):
            cursor.close()
        super().close()
