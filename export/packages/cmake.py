"""CMake: a static library target, and tests of it where it is built by itself.

https://cmake.org/cmake/help/latest/command/target_sources.html
"""

from export.examples import console_files
from export.library import Files, Library


def files(library: Library) -> Files:
    return {"CMakeLists.txt": _lists(library), **console_files(library)}


def _lists(library: Library) -> str:
    name = library.name
    sources = "\n".join(f"    src/{path}" for path in library.compiled)
    languages = "C ASM" if any(path.endswith(".S") for path in library.compiled) else "C"
    examples = [
        f"add_executable({name}_{library.example} examples/{library.example}/console/main.c)",
        f"target_link_libraries({name}_{library.example} PRIVATE {name})",
    ]
    if library.self_tested:
        examples += [
            f"add_executable({name}_self_test",
            "    examples/self_test/console/main.c examples/self_test/self_test.c)",
            f"target_include_directories({name}_self_test PRIVATE examples/self_test)",
            f"target_link_libraries({name}_self_test PRIVATE {name})",
            "enable_testing()",
            f"add_test(NAME self_test COMMAND {name}_self_test)",
        ]
    indented = "\n".join(f"    {line}" for line in examples)
    return f"""# The model {name} as a target to link with: add_subdirectory(<this folder>), then
# target_link_libraries(<yours> PRIVATE {name}). Built by itself it makes the examples, too.
cmake_minimum_required(VERSION 3.13)
project({name} LANGUAGES {languages})
if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR AND NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE Release) # without optimisation the kernels are correct and slow
endif()

add_library({name} STATIC
{sources})
target_include_directories({name} PUBLIC src)
target_compile_features({name} PUBLIC c_std_11)

if(CMAKE_SOURCE_DIR STREQUAL CMAKE_CURRENT_SOURCE_DIR AND NOT CMAKE_SYSTEM_NAME STREQUAL "Generic")
{indented}
endif()
"""
