"""What the new-run form and the form of a schedule share: a preview that follows what is filled in."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django import forms

from mantik.lib.query_values import without_nul
from runs.backend_config import ACCOUNT
from runs.planning.budget_accounts import AccountOffer


class LiveForm(forms.Form):
    """A form that knows the present value of each field, and proposes values itself."""

    accounts: AccountOffer
    # The fields that the link names a value for which is not available.
    unavailable: Collection[str]
    # Says which account the proposed one has replaced; "" if none.
    _account_note = ""

    def value(self, name: str) -> str:
        """The present value of a field, posted or proposed."""
        found = self.data.get(name) if self.is_bound else self.get_initial_for_field(self.fields[name], name)
        return "" if found is None else without_nul(str(found)).strip()

    @property
    def account(self) -> str:
        return self.value(ACCOUNT)

    def forgive(self) -> None:
        """For a preview, drop the errors of fields that are still to be filled in, but not of `unavailable` ones."""
        for name, faults in list(self.errors.as_data().items()):
            is_unfinished = all(fault.code == "required" for fault in faults)
            if name not in self.unavailable and (is_unfinished or not self._is_followed(name)):
                del self.errors[name]

    def _is_followed(self, name: str) -> bool:  # noqa: ARG002
        """Whether a preview shows the errors of this field."""
        return True

    def _chosen(self, name: str) -> Any:
        """The row that is chosen in a choice field; None if none is."""
        try:
            return self.fields[name].clean(self.value(name)) or None
        except forms.ValidationError:
            return None

    def _put(self, values: Mapping[str, str]) -> None:
        if not self.is_bound:
            self.initial.update(values)
            return
        self.data = self.data.copy()  # type: ignore[attr-defined]
        for name, value in values.items():
            self.data[name] = value  # type: ignore[index]

    def _put_account(self, *, is_other_connection: bool) -> bool:
        """Fill in the only account there is, if the field is empty or has one of another connection. True if it did.

        `is_other_connection`: the connection has just been changed.
        """
        account = self.account
        proposed = self.accounts.proposed_for(account, is_left_over=is_other_connection)
        if proposed == account:
            return False
        self._account_note = self.accounts.in_place_of(account)
        self._put({ACCOUNT: proposed})
        return True

    @property
    def _note_on_account(self) -> str:
        """Which account it has replaced, and what is left of its budget."""
        return " · ".join(filter(None, [self._account_note, self.accounts.left_of(self.account)]))
