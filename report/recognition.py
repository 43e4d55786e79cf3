"""An animation of a real validation: test images going over the line, and the board's answers coming back.

python -m report.recognition build/mnist-pretrained/mps2-an386-aot --out docs/recognition.gif
"""

import argparse
from pathlib import Path

from contract import cli
from contract.errors import UserError
from contract.files import replacing


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m report.recognition",
        description="Make a GIF of test images going over the line and the answers coming back.",
    )
    parser.add_argument("image", type=Path, metavar="DIR", help="a validated image's folder")
    parser.add_argument(
        "--images", type=int, default=16, metavar="N", help="how many test images (default: 16)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the GIF to write")
    options = parser.parse_args(arguments)
    from report.animation import frames
    from report.gather import gather

    results = gather(options.image)
    if results.images.squeeze().ndim not in (3, 4) or not results.outputs[0].is_row:
        raise UserError("the model does not put images into classes, so there is nothing to show")
    # The first images of the test set as they come, then the mistake the board was surest of.
    chosen = [*range(min(options.images, len(results.images))), *results.outputs[0].mistakes[:1].tolist()]
    pictures, durations = frames(results, chosen)
    with replacing(options.out) as temporary:
        pictures[0].save(
            temporary, save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True
        )
    print(f"recognition  {options.out} ({options.out.stat().st_size:,} bytes, {len(chosen)} images)")
    return 0


if __name__ == "__main__":
    cli.run(main)
