"""The adapters of the five tables.

No transactions: single conditional writes in an order that cleans up after itself (docs/architecture.md, "Data flow").
Where a condition decides who acts, an attempt that got no answer may have decided already: its retry then loses, and
nobody acts. What rows are left of that, the sweep finds.
"""
