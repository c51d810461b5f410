# shellcheck shell=bash
# Finds or fetches a Python that Home Assistant runs on, without touching the system's own.
# Sourced by script/setup after script/lib.sh.

PYTHON_SERIES=3.14
PYTHON_MINIMUM=3.14.2
DEBIAN_SUITE=forky
DEBIAN_PREFIX=$PRIVATE/debian

# Prints the path of a fitting interpreter; everything else goes to standard error.
find_or_fetch_python() {
  python_on_this_machine || python_from_uv || python_from_debian || die \
    "No Python $PYTHON_MINIMUM or newer was found here, and none could be fetched." \
    "install Python $PYTHON_SERIES with its venv module so that 'python$PYTHON_SERIES' is on PATH (for example with pyenv, or 'uv python install $PYTHON_SERIES' on a machine that may download it), then run script/setup again."
}

python_fits() {
  [[ -x $1 ]] && "$1" -c "
import sqlite3, ssl, sys
minimum = tuple(map(int, '$PYTHON_MINIMUM'.split('.')))
sys.exit(not (minimum <= sys.version_info[:3] and sys.version_info[:2] == minimum[:2]))
" 2>/dev/null
}

python_on_this_machine() {
  local candidate
  for candidate in "$(command -v "python$PYTHON_SERIES")" "$DEBIAN_PREFIX/usr/bin/python$PYTHON_SERIES" "$(uv_knows)"; do
    if [[ -n $candidate ]] && python_fits "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  return 1
}

uv_knows() {
  local uv
  # A virtual environment would lead back to the .venv that is about to be replaced.
  uv=$(existing_uv) && UV_PYTHON_INSTALL_DIR=$PRIVATE/managed "$uv" python find --system --no-python-downloads "$PYTHON_SERIES" 2>/dev/null
}

existing_uv() {
  command -v uv && return
  [[ -x $PRIVATE/uv/bin/uv ]] && printf '%s\n' "$PRIVATE/uv/bin/uv"
}

# ensure_uv PYTHON: prints the path of uv, installing the locked one into a private folder when there is none.
ensure_uv() {
  existing_uv && return
  if ! fetch_uv "$1" >"$PRIVATE/uv.log" 2>&1; then
    rm -rf "$PRIVATE/uv"
    return 1
  fi
  existing_uv
}

# Debian splits both venv and pip off Python; either is enough, and so is the pip that comes with the unpacked Python.
fetch_uv() {
  local pip from=(--quiet --disable-pip-version-check --require-hashes -r "$ROOT/requirements-uv.txt")
  "$1" -m venv --clear "$PRIVATE/uv" && "$PRIVATE/uv/bin/python" -m pip install "${from[@]}" && return
  rm -rf "$PRIVATE/uv"
  "$1" -m pip install --target "$PRIVATE/uv" "${from[@]}" && return
  for pip in "$DEBIAN_PREFIX"/usr/share/python-wheels/pip-*.whl; do
    "$1" "$pip/pip" install --target "$PRIVATE/uv" "${from[@]}" && return
  done
  return 1
}

python_from_uv() {
  local uv
  have python3 && uv=$(ensure_uv python3) || return 1
  note "asking uv for Python $PYTHON_SERIES" >&2
  UV_PYTHON_INSTALL_DIR=$PRIVATE/managed "$uv" python install --no-bin "$PYTHON_SERIES" >"$PRIVATE/python.log" 2>&1 || return 1
  python_on_this_machine
}

# Debian's testing suite carries a fitting Python. It is unpacked, not installed, into one folder of the checkout,
# and runs with the C library that it was built against.
python_from_debian() {
  have apt-get && have dpkg || return 1
  local work=$PRIVATE/apt log=$PRIVATE/python.log
  note "unpacking Python $PYTHON_SERIES from Debian $DEBIAN_SUITE into .python/debian" >&2
  rm -rf "$work" "$DEBIAN_PREFIX"
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$DEBIAN_PREFIX"
  : >"$work/status"
  debian_sources >"$work/private.sources"
  if [[ -s $work/private.sources ]] && download_debian_python "$work" >"$log" 2>&1 \
    && unpack_debian_python "$work" >>"$log" 2>&1 && python_on_this_machine; then
    rm -rf "$work"
    return
  fi
  rm -rf "$work" "$DEBIAN_PREFIX"
  note "that did not work; the reasons are in .python/python.log" >&2
  return 1
}

# The machine's own Debian archive, with the suite replaced: a mirror or a closed network stays respected.
debian_sources() {
  local codename file
  # shellcheck source=/dev/null
  codename=$(. /etc/os-release && [[ $ID != debian ]] || printf '%s' "$VERSION_CODENAME")
  [[ -n $codename ]] || return 0
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*; do
    [[ -f $file ]] || continue
    case $file in
      *.sources) cat "$file" && echo ;;
      *.list) stanzas_from_list "$file" ;;
    esac
  done | awk -v RS= -v codename="$codename" -v suite="$DEBIAN_SUITE" '
    !found && $0 ~ "(^|\n)Suites:([^\n]* )?" codename "( [^\n]*)?(\n|$)" && /(^|\n)Components:[^\n]* main/ {
      sub(/Suites:[^\n]*/, "Suites: " suite)
      sub(/Components:[^\n]*/, "Components: main")
      print
      found = 1
    }'
}

# The older one-line form of an apt source, as a stanza of the newer form.
stanzas_from_list() {
  sed -nE '
    s/^deb +\[[^]]*signed-by=([^] ]+)[^]]*\] +([^ ]+) +([^ ]+) +(.*)$/Types: deb\nURIs: \2\nSuites: \3\nComponents: \4\nSigned-By: \1\n/p; t
    s/^deb +(\[[^]]*\] +)?([^ ]+) +([^ ]+) +(.*)$/Types: deb\nURIs: \2\nSuites: \3\nComponents: \4\n/p' "$1"
}

download_debian_python() {
  local options=(
    "-oDir::Etc::sourcelist=$1/private.sources" -oDir::Etc::sourceparts=/dev/null
    "-oDir::State=$1" "-oDir::State::lists=$1/lists" "-oDir::State::status=$1/status"
    "-oDir::Cache=$1" "-oDir::Cache::archives=$1/archives"
    -oAcquire::Languages=none -oAcquire::Retries=3 "-oAPT::Sandbox::User=$(id -un)"
  )
  apt-get "${options[@]}" --quiet update \
    && apt-get "${options[@]}" --quiet --yes --no-install-recommends --download-only install \
      "python$PYTHON_SERIES" "python$PYTHON_SERIES-venv" "python$PYTHON_SERIES-dev" libstdc++6 patchelf
}

unpack_debian_python() {
  local archive loader libraries binary=$DEBIAN_PREFIX/usr/bin/python$PYTHON_SERIES
  for archive in "$1"/archives/*.deb; do
    # The C library's headers would not fit the C library that the machine's own compiler links with.
    case ${archive##*/} in libc6-dev_* | libc-dev-bin_* | linux-libc-dev_*) continue ;; esac
    dpkg -x "$archive" "$DEBIAN_PREFIX" || return 1
  done
  loader=$(find "$DEBIAN_PREFIX/usr/lib" -name 'ld-linux*.so.*' -print -quit)
  libraries=$(dirname "$loader")
  # One after the other and in this order: patchelf 0.18 breaks the file when it sets the interpreter first.
  "$loader" --library-path "$libraries" "$DEBIAN_PREFIX/usr/bin/patchelf" --force-rpath --set-rpath "$libraries" "$binary" \
    && "$loader" --library-path "$libraries" "$DEBIAN_PREFIX/usr/bin/patchelf" --set-interpreter "$loader" "$binary" \
    && "$binary" -m compileall -q -j 0 "$DEBIAN_PREFIX/usr/lib/python$PYTHON_SERIES"
}
