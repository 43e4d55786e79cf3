"""What pyproject.toml cannot say: in a wheel every package lies below `thimble`, with the firmware.

In the repository the stages are top-level packages (`from contract.errors import UserError`). Installed, they
are `thimble.contract` and so on, so that no `host` or `report` of ours takes somebody else's name.
"""

import re
import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.egg_info import egg_info

ROOT = Path(__file__).parent
STAGES = ("bench", "codegen", "contract", "export", "host", "measure", "quantize", "report", "train")
OF_THE_CHECKOUT = ("bench",)  # what measures against the repository's own files
_IMPORT = re.compile(rf"^(\s*)(from|import) ({'|'.join(STAGES)})(?=[. ])", re.MULTILINE)


class BelowThimble(build_py):
    """Builds the packages, then moves those of the stages and renames them where they are imported."""

    def run(self) -> None:
        if self.editable_mode:
            super().run()
            return
        built = Path(self.build_lib)
        shutil.rmtree(built, ignore_errors=True)
        super().run()
        home = built / "thimble"
        for stage in STAGES:
            if stage in OF_THE_CHECKOUT:
                shutil.rmtree(built / stage)
            else:
                shutil.move(built / stage, home / stage)
        for path in sorted(home.rglob("*.py")):
            path.write_text(_IMPORT.sub(r"\1\2 thimble.\3", path.read_text("utf-8")), "utf-8")
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "firmware", home / "firmware", ignore=ignored)
        shutil.copy(ROOT / "LICENSE", home)


class OneName(egg_info):
    """Says so in the wheel's list of top-level names."""

    def run(self) -> None:
        super().run()
        Path(self.egg_info, "top_level.txt").write_text("thimble\n", "utf-8")


setup(cmdclass={"build_py": BelowThimble, "egg_info": OneName})
