# shellcheck shell=bash
# What every script shares: where the checkout is, and how to talk to the person at the terminal.
# The variables are for the scripts that source this file.
# shellcheck disable=SC2034

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
VENV=$ROOT/.venv
PRIVATE=$ROOT/.python

say() { printf '\033[1m==>\033[0m %s\n' "$*" | plain_when_piped; }
note() { printf '    %s\n' "$*"; }
warn() { printf '\033[33mWarning:\033[0m %s\n' "$*" | plain_when_piped >&2; }

# die CAUSE REMEDY
die() {
  printf '\033[31mError:\033[0m %s\nWhat to do: %s\n' "$1" "$2" | plain_when_piped >&2
  exit 1
}

# Colour codes in a CI log are noise.
plain_when_piped() {
  if [[ -t 1 && -t 2 && -z ${CI:-} && -z ${NO_COLOR:-} ]]; then cat; else sed 's/\x1b\[[0-9;]*m//g'; fi
}

NODE_MINIMUM=20.19

# Whether the Node.js on PATH is one that the page can be built with.
node_fits() {
  have node && have npm && printf '%s\n' "$NODE_MINIMUM" "$(node --version | tr -d v)" | sort --version-sort --check=quiet
}

have() { command -v "$1" >/dev/null 2>&1; }
