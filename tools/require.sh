#!/bin/sh
# Makes sure that the system tools named on the command line are there:
#
#     sh tools/require.sh [cc] [c++] [arm] [qemu] [npm] [cmake] [venv] [optional [arduino-builder]]
#
# What is missing is installed with apt-get when we are root or sudo asks for no password; otherwise one
# line says what to install, for each package manager, and the exit code is 2. Those behind "optional" may stay
# missing.
set -u
PYTHON=${PYTHON:-python3}

has() {
    case $1 in
        cc) command -v "${CC:-cc}" ;;
        c++) command -v "${CXX:-c++}" ;;
        arm) command -v arm-none-eabi-gcc && echo '#include <string.h>' | arm-none-eabi-gcc -E - ;;
        qemu) command -v qemu-system-arm ;;
        npm) command -v npm ;;
        cmake) command -v cmake ;;
        arduino-builder) command -v arduino-builder ;;
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
        cmake:*) echo cmake ;;
        arduino-builder:apt) echo arduino-builder ;;
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

# packages MANAGER TOOL...
packages() {
    manager=$1
    shift
    for tool in "$@"; do
        package "$tool" "$manager"
    done | tr '\n' ' ' | sed 's/ $//'
}

missing=
wanted= # of those that may stay missing
optional=
for tool in "$@"; do
    if [ "$tool" = optional ]; then
        optional=yes
    elif ! has "$tool"; then
        if [ -n "$optional" ]; then wanted="$wanted $tool"; else missing="$missing $tool"; fi
    fi
done
[ -n "$missing$wanted" ] || exit 0

root=
if [ "$(id -u)" = 0 ]; then
    root=env
elif sudo -n true 2>/dev/null; then
    root="sudo env"
fi
# shellcheck disable=SC2086  # one word a tool, one a package
install() {
    echo "Installing $*: apt-get install $(packages apt "$@")"
    $root DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(packages apt "$@") >/dev/null
}
if [ -n "$root" ] && command -v apt-get >/dev/null; then
    $root apt-get update -qq
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install $missing
    for tool in $wanted; do
        install "$tool" || echo "note: $tool cannot be had; the tests that need it are skipped"
    done
    for tool in $missing; do
        has "$tool" || { echo "error: '$tool' is still missing after apt-get install" >&2; exit 2; }
    done
    exit 0
fi
[ -z "$wanted" ] || echo "note:$wanted not installed; the tests that need it are skipped"
[ -n "$missing" ] || exit 0
# shellcheck disable=SC2086
echo "error: missing$missing. Install with one of: sudo apt install $(packages apt $missing) | sudo dnf install" \
    "$(packages dnf $missing) | sudo pacman -S $(packages pacman $missing) | brew install" \
    "$(packages brew $missing)" >&2
exit 2
