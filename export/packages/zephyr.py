"""Zephyr: a module with an option, and the self-test as an application.

https://docs.zephyrproject.org/latest/develop/modules.html
"""

from export.examples import console_files
from export.library import Files, Library

STACK_BESIDE = 2048  # what main and printf need besides an inference


def files(library: Library) -> Files:
    found = {
        "zephyr/module.yml": f"name: {library.name}\nbuild:\n  cmake: zephyr\n  kconfig: zephyr/Kconfig\n",
        "zephyr/CMakeLists.txt": _lists(library),
        "zephyr/Kconfig": _option(library),
        **console_files(library),
    }
    if library.self_tested:
        found["examples/self_test/zephyr/CMakeLists.txt"] = _application(library)
        found["examples/self_test/zephyr/prj.conf"] = _configuration(library)
    return found


def option(library: Library) -> str:
    """The name of the module's option: Zephyr has many short ones of its own."""
    return f"THIMBLE_{library.interface.upper}"


def _option(library: Library) -> str:
    return f"""config {option(library)}
\tbool "Neural network {library.name}"
\thelp
\t  {library.sentence}
"""


def _lists(library: Library) -> str:
    sources = "\n".join(f"        ../src/{path}" for path in library.compiled)
    return f"""if(CONFIG_{option(library)})
    zephyr_include_directories(../src)
    zephyr_library_named({library.name})
    zephyr_library_sources(
{sources})
endif()
"""


def _application(library: Library) -> str:
    return f"""cmake_minimum_required(VERSION 3.20)

list(APPEND EXTRA_ZEPHYR_MODULES ${{CMAKE_CURRENT_SOURCE_DIR}}/../../..)
find_package(Zephyr REQUIRED HINTS $ENV{{ZEPHYR_BASE}})
project({library.name}_self_test)

target_include_directories(app PRIVATE ..)
target_sources(app PRIVATE ../console/main.c ../self_test.c)
"""


def _configuration(library: Library) -> str:
    stack = max([one.stack_bytes or 0 for _, one in library.costs], default=0)
    return f"CONFIG_{option(library)}=y\nCONFIG_MAIN_STACK_SIZE={STACK_BESIDE + stack}\n"
