"""One record that must be there, and how a record that is there differs from it."""


class NonZero:
    """Any number but zero: a port that the kernel chose and that nobody could ask for."""

    def __eq__(self, other):
        return isinstance(other, int) and not isinstance(other, bool) and other > 0

    def __repr__(self):
        return "a number that is not 0"


class AnyAddress:
    def __eq__(self, other):
        return isinstance(other, str) and ("." in other or ":" in other)

    def __repr__(self):
        return "an address"


class Either:
    """One of several values: where the kernel's own state depends on timing."""

    def __init__(self, *values):
        self.values = values

    def __eq__(self, other):
        return any(same(value, other) for value in self.values)

    def __repr__(self):
        return " or ".join(repr(value) for value in self.values)


def same(wanted, got):
    if isinstance(wanted, (NonZero, AnyAddress, Either)):
        return wanted == got
    # 1 is not True, and not "1".
    return type(wanted) is type(got) and wanted == got


class Want:
    """fields must be there with these values; optional ones may be absent, never wrong.

    A record that is not needed may be missing as a whole; absent fields must not be there.
    """

    def __init__(self, fields, optional=None, absent=(), is_needed=True):
        self.fields = fields
        self.optional = optional or {}
        self.absent = absent
        self.is_needed = is_needed

    def right(self, record):
        """The names of the fields that are there and as they should be."""
        known = {**self.optional, **self.fields}
        return {name for name, value in known.items() if name in record and same(value, record[name])}

    def differences(self, record):
        for name, value in self.fields.items():
            if name not in record:
                yield f"{name} is missing, expected {value!r}"
            elif not same(value, record[name]):
                yield f"{name} is {record[name]!r}, expected {value!r}"
        for name, value in self.optional.items():
            if name in record and not same(value, record[name]):
                yield f"{name} is {record[name]!r}, expected {value!r} or nothing"
        for name in self.absent:
            if name in record:
                yield f"{name} is {record[name]!r}, expected nothing"
