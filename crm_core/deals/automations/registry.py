"""The actions there are: whatever stands in a file of `actions`."""

from collections.abc import Mapping
from functools import cache

from crm_core.deals.automations import actions as folder
from crm_core.deals.automations.words import Action
from crm_core.plugins import of_type


@cache
def actions() -> Mapping[str, Action]:
    """By name, in the order of the files."""
    return of_type(folder, Action)
