"""Doccano's settings, with more patience for SQLite.

SQLite takes one writer, and the web server, the tasks and their queue all write. On a busy machine
the usual 5 seconds of waiting end in status 500.
"""  # noqa: INP001 - loaded by doccano's own Python

from config.settings.production import *  # noqa: F403
from config.settings.production import DATABASES

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {"timeout": 60}
    CELERY_BROKER_URL = f"sqla+sqlite:///{DATABASES['default']['NAME']}?timeout=60"
