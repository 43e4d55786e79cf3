"""The commands of thimble: a line for each, and the stage that runs it, imported when it is asked for."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contract.cli import name_commands
from contract.errors import UserError

Main = Callable[[list[str]], int]


def _deploy() -> Main:
    from thimble.commands.deploy import main

    return main


def _check() -> Main:
    from thimble.commands.check import main

    return main


def _export() -> Main:
    from thimble.commands.export import main

    return main


def _build() -> Main:
    from thimble.commands.build import main

    return main


def _profile() -> Main:
    from thimble.commands.profile import main

    return main


def _layers() -> Main:
    from thimble.commands.layers import main

    return main


def _boards() -> Main:
    from thimble.commands.boards import main

    return main


def _doctor() -> Main:
    from thimble.commands.doctor import main

    return main


def _completion() -> Main:
    from thimble.commands.completion import main

    return main


def _train() -> Main:
    from train.__main__ import main

    return main


def _quantize() -> Main:
    from quantize.__main__ import main

    return main


def _codegen() -> Main:
    from codegen.__main__ import main

    return main


def _report() -> Main:
    from report.__main__ import main

    return main


def _bench() -> Main:
    from bench.__main__ import main

    return main


def _host(command: str) -> Callable[[], Main]:
    def imported() -> Main:
        from host.__main__ import main

        return lambda arguments: main([command, *arguments])

    return imported


@dataclass(frozen=True)
class Command:
    """One command: what it is for, and what gives its main."""

    about: str
    imported: Callable[[], Main]


COMMANDS = {
    "deploy": Command("the whole pipeline: from a model to a board whose every answer was checked", _deploy),
    "check": Command("whether a model runs, where it fits and what it costs, before it is built", _check),
    "export": Command("the model as a library for your own application", _export),
    "train": Command("fit the network of one of the datasets", _train),
    "tflite": Command("quantise a float model, and record what a board must answer", _quantize),
    "codegen": Command("turn a flatbuffer into C", _codegen),
    "build": Command("build the image for one board, and measure it", _build),
    "flash": Command("upload an image to the Arduino board, and ask what runs there", _host("flash")),
    "validate": Command("stream the test set to a board, and check every answer", _host("validate")),
    "show": Command("print the table of a validation that was made before", _host("show")),
    "profile": Command("what each layer costs on a board", _profile),
    "layers": Command("what each layer computes on a board, beside the reference", _layers),
    "report": Command("write the page about a validated image", _report),
    "info": Command("ask a board what runs on it", _host("info")),
    "ports": Command("list the serial ports, and mark the one that would be used", _host("ports")),
    "boards": Command("list the boards that images can be built for", _boards),
    "bench": Command("engines and compile options side by side", _bench),
    "doctor": Command("what is installed, and what is missing for what", _doctor),
    "completion": Command("print the completion of a shell", _completion),
}

# What help and errors of the stages call each other, and what that is here.
CALLED = {
    "python -m train": "thimble train",
    "python -m quantize": "thimble tflite",
    "python -m codegen": "thimble codegen",
    "python -m host": "thimble",
    "python -m report": "thimble report",
    "python -m bench": "thimble bench",
    "make firmware": "thimble build",
    "make validate": "thimble validate",
    "run make again": "run thimble deploy again",
    "firmware/boards has": "thimble boards lists",
}

# What brings a package that a command needs, by the name under which it is imported.
EXTRAS = {
    "tensorflow": "train",
    "keras": "train",
    "tf_keras": "train",
    "tensorflow_model_optimization": "train",
    "tflite_micro": "reference",
    "jinja2": "report",
    "matplotlib": "report",
    "PIL": "report",
    "bakenn": "bench",
}


def main(arguments: list[str]) -> int:
    """Run a command. Without one: what to do here."""
    name_commands(CALLED)
    if not arguments:
        print(overview(Path.cwd()))
        return 0
    if arguments[0] in ("-h", "--help"):
        print(help_text())
        return 0
    if arguments[0] == "--version":
        from thimble.commands.doctor import version

        print(f"thimble {version()}")
        return 0
    name, rest = arguments[0], arguments[1:]
    if name not in COMMANDS:
        close = difflib.get_close_matches(name, COMMANDS, 1)
        hint = f"did you mean {close[0]}?" if close else "thimble --help lists what there is"
        if Path(name).suffix in (".tflite", ".keras"):
            hint = f"thimble deploy {name} runs the whole pipeline on it"
        raise UserError(f"there is no command {name}; {hint}")
    try:
        return COMMANDS[name].imported()(rest)
    except ModuleNotFoundError as error:
        if error.name in ("bench", "thimble.bench"):
            raise UserError(
                f"thimble {name} measures against the repository's files; run it in a checkout"
            ) from error
        extra = EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        raise UserError(
            f"thimble {name} needs the package {error.name}, which is not installed; install the extra: "
            f"pip install 'thimble-mcu[{extra}]' (pipx and uv tool take the same name)"
        ) from error


def help_text() -> str:
    rows = "\n".join(f"  {name:<11}{command.about}" for name, command in COMMANDS.items())
    return (
        "usage: thimble COMMAND [OPTIONS]\n\n"
        "Int8 neural networks on microcontrollers.\n\n"
        f"commands:\n{rows}\n\n"
        "thimble COMMAND --help explains one. Exit codes: 0 done; 1 what was checked is not so;\n"
        "2 usage or set-up; 3 the board or the line."
    )


def overview(folder: Path) -> str:
    """What to do next, from what lies in `folder`."""
    models = sorted(path.name for path in folder.iterdir() if path.suffix in (".tflite", ".keras"))
    data = sorted(path.name for path in folder.iterdir() if path.suffix == ".npz")
    about = "thimble puts int8 neural networks on microcontrollers, and proves what they compute there."
    if models:
        first = f"Here lies {', '.join(models)}. Try:"
        model = models[0]
    else:
        first = "No model lies here (.tflite or .keras). With one:"
        model = "model.tflite"
    with_data = f" --data {data[0]}" if data else ""
    if model.endswith(".keras"):
        with_data = f" --data {data[0] if data else 'your.npz'}"
    tries = [
        (f"thimble deploy {model}{with_data}", "build it, run it on an emulated board, check every answer"),
        (f"thimble export {model}{with_data} --out lib", "a library for your own application"),
    ]
    if model.endswith(".tflite"):
        tries.insert(0, (f"thimble check {model}", "what it needs, and where it fits"))
    width = max(len(command) for command, _ in tries)
    rows = [f"  {command.ljust(width)}  {what}" for command, what in tries]
    last = "thimble --help lists all commands; thimble doctor says what is installed."
    return "\n".join([about, "", first, *rows, "", last])
