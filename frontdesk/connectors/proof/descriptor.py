"""What Proof is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="proof",
    label="Proof",
    source="frontdesk.connectors.proof.verify:ProofSource",
    sync_targets=("session",),
)
