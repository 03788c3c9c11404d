#!/bin/sh
# Make .venv with everything that requirements.txt and constraints.txt pin, or do nothing if it is
# there already. Called by make; PYTHON=... chooses the interpreter.
set -eu

cd "$(dirname "$0")/.."
venv=.venv
stamp=$venv/.installed
wanted=$(cat requirements.txt constraints.txt pyproject.toml | cksum)

if [ -x $venv/bin/python ] && [ -f $stamp ] && [ "$(cat $stamp)" = "$wanted" ]; then
    exit 0
fi

is_recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import venv, ensurepip' >/dev/null 2>&1; }

if ! [ -x $venv/bin/python ]; then
    chosen=
    incomplete=
    old=
    for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        "$candidate" -c '' >/dev/null 2>&1 || continue
        if ! is_recent "$candidate"; then
            old="$candidate is $("$candidate" -V 2>&1)"
        elif ! has_venv "$candidate"; then
            incomplete=$candidate
        else
            chosen=$candidate
            break
        fi
    done
    if [ -z "$chosen" ]; then
        if [ -n "$incomplete" ]; then
            echo "$incomplete has no complete venv module. On Debian and Ubuntu: apt-get install python3-venv" >&2
        elif [ -n "$old" ]; then
            echo "Python 3.11 or later is needed, but $old. Name another with: make PYTHON=python3.12 ..." >&2
        else
            echo "No Python found${PYTHON:+ at $PYTHON}. Install Python 3.11 or later, or name one with: make PYTHON=/path/to/python3 ..." >&2
        fi
        exit 1
    fi
    echo "Making $venv with $("$chosen" -V)"
    "$chosen" -m venv $venv
fi

is_recent $venv/bin/python || {
    echo "$venv was made with $($venv/bin/python -V 2>&1), but Python 3.11 or later is needed. Remove the folder $venv and try again." >&2
    exit 1
}

echo "Installing the pinned requirements into $venv (the first time takes minutes, most of them for torch)"
$venv/bin/python -m pip install --quiet --disable-pip-version-check \
    -r requirements.txt -c constraints.txt || {
    echo "The installation failed. What pip said above tells why; the same command tries again." >&2
    exit 1
}
printf '%s\n' "$wanted" >$stamp
echo "The environment is ready"
