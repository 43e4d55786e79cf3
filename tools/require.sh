#!/bin/sh
# Makes sure that the system tools named on the command line are there:
#
#     sh tools/require.sh [cc] [c++] [arm] [qemu] [npm] [venv]
#
# What is missing is installed with apt-get when we are root or sudo asks for no password; otherwise one
# line says what to install, for each package manager, and the exit code is 2.
set -u
PYTHON=${PYTHON:-python3}

has() {
    case $1 in
        cc) command -v "${CC:-cc}" ;;
        c++) command -v "${CXX:-c++}" ;;
        arm) command -v arm-none-eabi-gcc && echo '#include <string.h>' | arm-none-eabi-gcc -E - ;;
        qemu) command -v qemu-system-arm ;;
        npm) command -v npm ;;
        venv) "$PYTHON" -c 'import ensurepip, venv' ;;
        *) echo "require.sh: unknown tool '$1'" >&2; exit 2 ;;
    esac >/dev/null 2>&1
}

# package TOOL MANAGER: the package, or packages, that bring TOOL.
package() {
    case $1:$2 in
        cc:apt) echo gcc libc6-dev ;;
        c++:apt) echo g++ ;;
        arm:apt) echo gcc-arm-none-eabi libnewlib-arm-none-eabi ;;
        qemu:apt) echo qemu-system-arm ;;
        npm:apt) echo npm ;;
        venv:apt) echo python3-venv ;;
        cc:dnf) echo gcc libasan libubsan ;;
        c++:dnf) echo gcc-c++ ;;
        arm:dnf) echo arm-none-eabi-gcc-cs arm-none-eabi-newlib ;;
        qemu:dnf) echo qemu-system-arm ;;
        npm:dnf) echo npm ;;
        venv:dnf) echo python3 ;;
        cc:pacman | c++:pacman) echo gcc ;;
        arm:pacman) echo arm-none-eabi-gcc arm-none-eabi-newlib ;;
        qemu:pacman) echo qemu-system-arm ;;
        npm:pacman) echo npm ;;
        venv:pacman) echo python ;;
        cc:brew | c++:brew) echo gcc ;;
        arm:brew) echo gcc-arm-embedded ;;
        qemu:brew) echo qemu ;;
        npm:brew) echo node ;;
        venv:brew) echo python@3.12 ;;
    esac
}

packages() {
    for tool in $missing; do
        package "$tool" "$1"
    done | tr '\n' ' ' | sed 's/ $//'
}

missing=
for tool in "$@"; do
    has "$tool" || missing="$missing $tool"
done
[ -n "$missing" ] || exit 0

root=
if [ "$(id -u)" = 0 ]; then
    root=env
elif sudo -n true 2>/dev/null; then
    root="sudo env"
fi
if [ -n "$root" ] && command -v apt-get >/dev/null; then
    echo "Installing$missing: apt-get install $(packages apt)"
    $root apt-get update -qq
    # shellcheck disable=SC2046  # one word a package
    $root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(packages apt) >/dev/null
    for tool in $missing; do
        has "$tool" || { echo "error: '$tool' is still missing after apt-get install" >&2; exit 2; }
    done
    exit 0
fi
echo "error: missing$missing. Install with one of: sudo apt install $(packages apt) | sudo dnf install" \
    "$(packages dnf) | sudo pacman -S $(packages pacman) | brew install $(packages brew)" >&2
exit 2
