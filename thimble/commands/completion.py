"""thimble completion: what a shell needs to complete commands, options and files."""

import argparse

BASH = """_thimble() {{
    local word="${{COMP_WORDS[COMP_CWORD]}}"
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W "{commands}" -- "$word"))
    elif [[ "$word" == -* ]]; then
        local options
        options=$(thimble "${{COMP_WORDS[1]}}" --help 2>/dev/null | grep -o -- '--[a-z-]*' | sort -u)
        COMPREPLY=($(compgen -W "$options" -- "$word"))
    else
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
    fi
}}
complete -o filenames -F _thimble thimble
"""
ZSH = "autoload -U +X bashcompinit && bashcompinit\n" + BASH
FISH = """complete -c thimble -n __fish_use_subcommand -f -a "{commands}"
complete -c thimble -n "not __fish_use_subcommand" -a "(thimble (commandline -opc)[2] --help 2>/dev/null | \\
string match -ra -- '--[a-z-]+' | sort -u)"
"""
SHELLS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="thimble completion",
        description="Print the completion of a shell.",
        epilog='bash and zsh: eval "$(thimble completion bash)" in the start-up file; fish: thimble '
        "completion fish > ~/.config/fish/completions/thimble.fish",
    )
    parser.add_argument("shell", choices=sorted(SHELLS))
    options = parser.parse_args(argv)

    from thimble.commands import COMMANDS

    print(SHELLS[options.shell].format(commands=" ".join(COMMANDS)), end="")
    return 0
