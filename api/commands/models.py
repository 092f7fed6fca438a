"""`firstring models`."""

from crm_core.settings import load_settings
from transcribe import models


def fetch(name: str | None) -> None:
    """Fetch the model of that name, or the one the settings name; says where it is."""
    settings = load_settings()
    wanted = name or settings.whisper_model
    print(f"{wanted}: {models.fetch(wanted, settings.models_dir)}")


def show() -> None:
    settings = load_settings()
    there = models.installed(settings.models_dir)
    for name in there:
        print(f"{name}{'  (in use)' if name == settings.whisper_model else ''}")
    if models.find(settings.whisper_model, settings.models_dir) is None:
        print(f"{settings.whisper_model} is not here: firstring models fetch")
    elif models.is_path(settings.whisper_model):
        print(f"{settings.whisper_model}  (in use)")
