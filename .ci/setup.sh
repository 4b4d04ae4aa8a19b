# Sourced by tests/run.sh and notebooks/run.sh: what a fresh machine needs before `pip install .` can work.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export CMAKE_BUILD_PARALLEL_LEVEL="${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}"
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# system_packages NAME…: Debian packages, those that are missing, where we may install them.
system_packages() {
  command -v dpkg-query apt-get >/dev/null || return 0
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f '${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" -ne 0 ]; then
    echo "Not installed, and only root can: apt-get install ${missing[*]}" >&2
    return 0
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}"
}

# virtual_environment FOLDER: makes it where it is missing, activates it, brings pip up to date.
virtual_environment() {
  [ -x "$1/bin/python" ] || python3 -m venv "$1"
  # shellcheck disable=SC1091
  . "$1/bin/activate"
  python -m pip install --quiet --upgrade pip
}
