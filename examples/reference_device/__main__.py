"""Start the reference device, as a module or as a folder."""

from pathlib import Path
import sys

if not __package__:
    # `python examples/reference_device` puts this folder, not its parent, on the path.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)

from reference_device.command_line import main

if __name__ == "__main__":
    sys.exit(main())
