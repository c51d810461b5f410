"""Where the parts lie in the checkout."""

from pathlib import Path
import sys

SCRIPTS = Path(__file__).resolve().parents[1]
CHECKOUT = SCRIPTS.parent
INTEGRATION = CHECKOUT / "custom_components" / "mqtt_ota"
EXAMPLES = CHECKOUT / "examples"


def console_command(name: str) -> Path:
    """Return the path of a command that is installed beside the running Python."""
    return Path(sys.executable).parent / name
