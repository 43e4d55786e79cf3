"""A generated model as an application sees it: what its symbols and files begin with, whether there can be
several instances of it, and what the functions for each input and output are called. codegen declares and
defines them, export calls them in examples.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from contract.errors import UserError
from contract.manifest import TensorInfo
from contract.task import BINARY, CLASSIFICATION, UNKNOWN, Task

ENGINE_PREFIX = "thimble_"  # of every symbol in firmware/engines/aot/

INPUT, OUTPUT = "input", "output"

# What one element is in C.
C_TYPES = {"int8": "int8_t", "uint8": "uint8_t", "int32": "int32_t", "float32": "float", "bool": "uint8_t"}
# What those hold that stand for real numbers in an input. An int32 input is an index or a length.
LIMITS = {"int8": ("INT8_MIN", "INT8_MAX"), "uint8": ("0", "UINT8_MAX")}

# Words of C11 and C++14, targets of CMake, headers of the C library and of ours, macros of compilers.
_WORDS = (
    "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char16_t char32_t "
    "class compl const const_cast constexpr continue decltype default delete do double dynamic_cast "
    "else enum explicit export extern false float for friend goto if inline int long main mutable "
    "namespace new noexcept not not_eq nullptr operator or or_eq private protected public register "
    "reinterpret_cast restrict return short signed sizeof static static_assert static_cast struct "
    "switch template thimble this thread_local throw true try typedef typeid typename union unsigned "
    "using virtual void volatile wchar_t while xor xor_eq"
)
_OTHERS = (
    "all arduino arm assert clean complex ctype edit_cache errno fenv help install inttypes iso646 "
    "limits linux locale math package rebuild_cache self_test setjmp signal stdalign stdarg stdatomic "
    "stdbool stddef stdint stdio stdlib stdnoreturn string test tgmath threads time uchar unix wchar "
    "wctype"
)
RESERVED = frozenset((*_WORDS.split(), *_OTHERS.split()))
MOST_CHARACTERS = 40


@dataclass(frozen=True)
class Interface:
    """`name` begins every function, type and file of the model; `engine` every symbol of the kernels that it
    uses, which lie in `folder`.

    With `instances` the application declares as many `struct <name>` as it likes, each with its memory, and
    gives one to every function. Otherwise there is one, whose memory the model has itself. One that can be
    `inspected` also runs call by call and shows its memory.
    """

    name: str
    engine: str = ENGINE_PREFIX
    folder: str = ""
    instances: bool = False
    inspected: bool = False

    @property
    def upper(self) -> str:
        """What the model's constants begin with."""
        return self.name.upper()

    def of_engine(self, symbol: str) -> str:
        """A symbol of the engine, which begins with ENGINE_PREFIX in its sources."""
        if symbol.startswith(ENGINE_PREFIX.upper()):
            return self.engine.upper() + symbol.removeprefix(ENGINE_PREFIX.upper())
        return self.engine + symbol.removeprefix(ENGINE_PREFIX)

    def parameters(self, *others: str, const: bool = False) -> str:
        """The parameters of a function, in C."""
        own = [f"{'const ' if const else ''}struct {self.name} *net"] if self.instances else []
        return ", ".join([*own, *others]) or "void"

    def arguments(self, *others: str, net: str = "net") -> str:
        """The arguments of a call; `net` says what points to the instance."""
        return ", ".join([*([net] if self.instances else []), *others])

    @property
    def memory(self) -> str:
        """The arena, where a function has its parameters."""
        return "net->arena.bytes" if self.instances else "arena"

    @property
    def taken(self) -> tuple[str, ...]:
        """What a generated file uses at file scope or in its functions besides names of layers."""
        functions = ("init", "reset", "input", "invoke", "output", "arena", "step", "memory")
        return ("arena", "net", "index", "places", "call", *(f"{self.name}_{one}" for one in functions))


# The firmware's own model: its engine.c knows it by this name, and finds the kernels in the engine's folder.
FIRMWARE = Interface("model")
INSPECTED = Interface("model", inspected=True)


def library(name: str, instances: bool) -> Interface:
    """That of a model which is called `name` in an application and has kernels of its own. UserError where
    that cannot be a name in C."""
    good = re.fullmatch(r"(?!thimble_)[a-z][a-z0-9_]*", name) and name not in RESERVED
    if not good or len(name) > MOST_CHARACTERS:
        raise UserError(
            f"{name!r} cannot begin the names of C functions; give --name in lower case letters, digits and "
            f"underscores, a letter first, at most {MOST_CHARACTERS}, such as {library_name(name)}"
        )
    return Interface(name, f"{name}_{ENGINE_PREFIX}", f"{name}/", instances)


def library_name(wish: str) -> str:
    """A name that `library` takes, as close to `wish` as possible."""
    name = re.sub(r"[^a-z0-9]+", "_", wish.lower()).strip("_")[:MOST_CHARACTERS].strip("_")
    if not name or not name[0].isalpha() or name in RESERVED or name.startswith(ENGINE_PREFIX):
        name = f"model_{name}".strip("_")[:MOST_CHARACTERS]
    return name


@dataclass(frozen=True)
class Edge:
    """One input or output."""

    what: str  # INPUT or OUTPUT
    index: int  # among those
    only: bool  # whether the model has no other
    info: TensorInfo
    task: Task  # of an output
    trained: bool = False  # whether the range in `info` is that of training data, not what the type holds

    @property
    def range_text(self) -> str:
        """What an input should hold, as a sentence; empty where nothing is known."""
        low, high = self.info.lowest, self.info.highest
        if low is None or high is None:
            return ""
        said = "In training they went" if self.trained else "It can hold numbers"
        return f"{said} from {low:.6g} to {high:.6g}."

    @property
    def stem(self) -> str:
        """`input`, or `input_<name>` where there are several."""
        return self.what if self.only else f"{self.what}_{self.info.name}"

    @property
    def suffix(self) -> str:
        """Nothing, or `_<name>` where there are several."""
        return "" if self.only else f"_{self.info.name}"

    @property
    def title(self) -> str:
        """For people."""
        return f"the {self.what}" if self.only else f"{self.what} {self.info.name}"

    @property
    def elements(self) -> int:
        return math.prod(self.info.shape)

    @property
    def c_type(self) -> str:
        return C_TYPES[self.info.type]

    @property
    def bytes(self) -> int:
        return self.elements * (4 if self.info.type in ("int32", "float32") else 1)

    @property
    def quantized(self) -> bool:
        """Whether a scale turns elements into real numbers."""
        real = self.info.type in LIMITS or (self.what == OUTPUT and self.info.type == "int32")
        return real and self.info.scale > 0

    @property
    def real(self) -> bool:
        """Whether elements are real numbers, behind a scale or as they are."""
        return self.quantized or self.info.type == "float32"

    @property
    def is_class(self) -> bool:
        """Whether the highest element is the answer."""
        return self.task.kind == CLASSIFICATION

    @property
    def is_binary(self) -> bool:
        """Whether each element is an answer, yes or no."""
        return self.task.kind == BINARY

    @property
    def answers(self) -> int:
        """How many classes or yes and no it gives."""
        if self.is_class:
            return self.elements // self.info.shape[-1]
        return self.elements if self.is_binary else 0

    def constant(self, interface: Interface, what: str) -> str:
        """A constant of it: MNIST_INPUT_SCALE, or MNIST_SCALE_OF_INPUT_LEFT where there are several, so that
        no name of a tensor completes another constant."""
        if self.only:
            return f"{interface.upper}_{self.stem.upper()}_{what}"
        return f"{interface.upper}_{what}_OF_{self.stem.upper()}"

    def place(self, interface: Interface) -> str:
        """Its index, in C."""
        return "0" if self.only else self.constant(interface, "INDEX")


def edges(
    what: str, infos: Sequence[TensorInfo], tasks: Sequence[Task] = (), trained: bool = False
) -> list[Edge]:
    """All inputs or all outputs of a model; `tasks` of outputs, where they are known. `trained`: the ranges
    are those of training data."""
    known = tasks or [Task(UNKNOWN)] * len(infos)
    return [
        Edge(what, index, len(infos) == 1, info, task, trained)
        for index, (info, task) in enumerate(zip(infos, known, strict=True))
    ]


def usage(inputs: Sequence[Edge], outputs: Sequence[Edge], interface: Interface) -> list[str]:
    """The lines of C that run one inference of the instance `net`, from the array `reals` (`reals_<name>` of
    several inputs), or `bytes` where an input has no real numbers, to answers or the array `results`."""
    name = interface.name
    given = partial(interface.arguments, net="&net")
    lines = []
    for edge in inputs:
        if edge.real:
            lines.append(f"{name}_set_{edge.stem}({given('reals' + edge.suffix)});")
        else:
            to = f"{name}_input({given(edge.place(interface))})"
            lines.append(f"memcpy({to}, bytes{edge.suffix}, {edge.bytes});")
    lines.append(f"{name}_invoke({given()});")
    for edge in outputs:
        at = ("0",) if edge.answers > 1 else ()
        if edge.is_class and edge.task.classes:
            chosen = f"{name}_argmax{edge.suffix}({given(*at)})"
            lines.append(f"const char *label{edge.suffix} = {name}_labels{edge.suffix}[{chosen}];")
        elif edge.is_binary:
            lines.append(f"int yes{edge.suffix} = {name}_decide{edge.suffix}({given(*at)});")
        elif edge.real:
            lines.append(f"{name}_get_{edge.stem}({given('results' + edge.suffix)});")
        else:
            place = f"{name}_output({given(edge.place(interface))})"
            lines.append(f"memcpy(bytes{edge.suffix}, {place}, {edge.bytes});")
    return lines
