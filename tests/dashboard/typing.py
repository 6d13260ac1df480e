"""Types into the boxes of a page that AppTest runs: tells the server what the browser's part would tell it."""

from __future__ import annotations

import json
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

_TRIGGER = "$$STREAMLIT_INTERNAL_KEY_{id}__events"


def find_box(app: AppTest, key: str) -> dict[str, Any] | None:
    """Return what the browser is given for the box of this key, None where it is not on the page."""
    proto = _find_proto(app, key)
    return None if proto is None else dict(json.loads(proto.json))


def act(app: AppTest, key: str, *, action: str = "send", id_: str = "draft-1", **values: str) -> AppTest:
    """Send what was typed, as a click on the box's button does; the same id is the same draft."""
    proto = _find_proto(app, key)
    assert proto is not None, f"there is no box {key}"
    told = {"id": id_, "attempt": 1, "action": action, "values": values}
    states = app._tree.get_widget_states()
    states.widgets.append(
        WidgetState(id=_TRIGGER.format(id=proto.id), json_trigger_value=json.dumps([{"event": "act", "value": told}]))
    )
    return app._run(states)


def _find_proto(app: AppTest, key: str) -> Any:
    boxes = [element.proto for element in app.get("bidi_component")]
    return next((proto for proto in boxes if proto.id.endswith(f"-{key}")), None)
