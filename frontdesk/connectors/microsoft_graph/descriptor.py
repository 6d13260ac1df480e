"""What Microsoft 365 is to the rest of Frontdesk."""

from __future__ import annotations

from frontdesk.connectors.descriptor import Descriptor

DESCRIPTOR = Descriptor(
    name="graph",
    label="Microsoft 365",
    reach="email",
    deliverer="frontdesk.connectors.microsoft_graph.deliver:open_deliverer",
    sending_secrets=("GRAPH_TENANT_ID", "GRAPH_CLIENT_ID", "GRAPH_CLIENT_SECRET"),
)
