#!/bin/sh
# Installs catdog's edge runner into an environment of its own; again, to bring it up to date; and removes it.
# For Debian, Raspberry Pi OS and the like, on x86-64 and 64-bit ARM. Plain sh: it runs before anything is there.
set -eu

NAME=catdog-edge
MARK=installed-by-catdog   # in the folder: this script made it, and may remove it
COMMANDS="catdog-edge catdog-train catdog-export catdog-bench"
SPACE_MB=700               # what the runner and its packages take, with some room for unpacking

here=$(cd "$(dirname "$0")" && pwd)
prefix="" links="" extras="" python=${PYTHON:-} remove=""

if [ "$(id -u)" = 0 ]; then prefix=/opt/catdog links=/usr/local/bin
else prefix=$HOME/.local/share/catdog links=$HOME/.local/bin; fi

usage() {
  cat <<END
usage: sh install.sh [--extras LIST] [--prefix DIR] [--links DIR] [--python PROGRAM] [--uninstall]

  --extras LIST     web, mqtt, sign, heif, onnx; several with commas between them
  --prefix DIR      the environment (here: $prefix)
  --links DIR       where the commands can be called from (here: $links)
  --python PROGRAM  Python 3.11 to 3.13 (default: the system's, if it is one)
  --uninstall       remove what this script has installed; configuration and pictures stay

The wheel and constraints.txt beside the script are taken, after a look into SHA256SUMS; without a wheel, $NAME of the package index.
pip's own settings hold, such as PIP_NO_INDEX=1 and PIP_FIND_LINKS=wheels/ on a machine without a network.
END
}

say() { echo "install.sh: $*" >&2; }
fail() { say "$1"; [ $# -lt 2 ] || say "fix: $2"; exit "${3:-1}"; }

while [ $# -gt 0 ]; do
  case $1 in
    --extras | --prefix | --links | --python)
      [ $# -ge 2 ] || fail "expected a value behind $1; got none" "sh install.sh --help" 2
      case $1 in
        --extras) extras=$2 ;;
        --prefix) prefix=$2 ;;
        --links) links=$2 ;;
        --python) python=$2 ;;
      esac
      shift 2 ;;
    --uninstall) remove=yes; shift ;;
    -h | --help) usage; exit 0 ;;
    *) fail "expected a valid option; got $1" "sh install.sh --help" 2 ;;
  esac
done
case $prefix$links in *[!A-Za-z0-9/._+@:=~-]*) fail "expected folders of plain letters; got $prefix, $links" "name others" 2 ;; esac
case $prefix in / | "") fail "expected a folder for catdog alone; got ${prefix:-nothing}" "name another with --prefix" 2 ;; /*) ;; *) prefix=$PWD/$prefix ;; esac
case $links in /*) ;; *) links=$PWD/$links ;; esac
case $extras in *[!a-z,]*) fail "expected extras such as web,mqtt; got $extras" "sh install.sh --help" 2 ;; esac

# Links that lead into the environment are ours; whatever else has such a name is somebody else's.
is_ours() { [ -L "$1" ] && case $(readlink "$1") in "$prefix"/*) true ;; *) false ;; esac; }

if [ -n "$remove" ]; then
  if [ ! -e "$prefix" ]; then say "nothing to remove: $prefix is not there"; exit 0; fi
  [ -e "$prefix/$MARK" ] || fail "expected an environment that this script made; got $prefix" "name it with --prefix, or remove it by hand"
  if grep -qs "$prefix/bin" /etc/systemd/system/catdog-edge.service; then
    fail "expected no service that runs from $prefix" "sudo $prefix/bin/catdog-edge service uninstall"
  fi
  for command in $COMMANDS; do if is_ours "$links/$command"; then rm "$links/$command"; fi; done
  rm -rf "$prefix"
  echo "removed $prefix"
  exit 0
fi

# The machine
[ "$(uname -s)" = Linux ] || fail "expected Linux; got $(uname -s)" "pipx install $NAME, untried"
case $(uname -m) in
  x86_64 | aarch64) ;;
  *) fail "expected x86-64 or 64-bit ARM; got $(uname -m)" "on a Raspberry Pi install the 64-bit system: LiteRT has no packages for 32 bit" ;;
esac

# Python: a 64-bit kernel may run a 32-bit system, so that is asked, too. The system's first: it is there tomorrow.
probe='import struct, sys; v = sys.version_info[:2]; sys.exit(4 if struct.calcsize("P") != 8 else 0 if (3, 11) <= v <= (3, 13) else 3)'
found="" bits=""
for candidate in ${python:-/usr/bin/python3 python3 python3.13 python3.12 python3.11}; do
  command -v "$candidate" > /dev/null || continue
  code=0; "$candidate" -c "$probe" > /dev/null 2>&1 || code=$?
  if [ $code = 0 ]; then found=$(command -v "$candidate"); break; fi
  if [ $code = 4 ]; then bits=32; fi
done
if [ -z "$found" ]; then
  [ -z "$bits" ] || fail "expected a 64-bit Python; got one of 32 bit" "install the 64-bit system: LiteRT has no packages for 32 bit"
  fail "expected Python 3.11 to 3.13; got ${python:-none of python3, python3.13, python3.12, python3.11}" "sudo apt install python3 python3-venv"
fi
"$found" -c 'import ensurepip, venv' > /dev/null 2>&1 || fail "expected Python's venv; got $found without it" "sudo apt install python3-venv"

# What is installed
wheel=
for file in "$here"/catdog_edge-*.whl; do
  [ -e "$file" ] || continue
  [ -z "$wheel" ] || fail "expected one wheel beside this script; got $(basename "$wheel") and $(basename "$file")" "remove one"
  wheel=$file
done
if [ -n "$wheel" ] && [ -e "$here/SHA256SUMS" ]; then
  (cd "$here" && grep -F "  $(basename "$wheel")" SHA256SUMS | sha256sum --check --strict --status) ||
    fail "expected the wheel that SHA256SUMS tells of; got another" "download both again"
fi
pin=
if [ -n "$wheel" ] && [ -e "$here/constraints.txt" ]; then pin="--constraint=$here/constraints.txt"; fi
what=${wheel:-$NAME}${extras:+[$extras]}

# The environment
if [ -e "$prefix" ] && [ ! -e "$prefix/$MARK" ] && [ -n "$(ls -A "$prefix")" ]; then
  # One that was made by hand, as docs/pi.md once said, is taken over.
  if [ ! -e "$prefix/pyvenv.cfg" ] || [ ! -e "$prefix/bin/catdog-edge" ]; then
    fail "expected an empty folder or an earlier installation; got $prefix" "name another with --prefix"
  fi
fi
for command in $COMMANDS; do
  if { [ -e "$links/$command" ] || [ -L "$links/$command" ]; } && ! is_ours "$links/$command"; then
    fail "expected $links/$command to be free or ours; got something else" "remove it, or name another folder with --links"
  fi
done
fresh=; [ -e "$prefix/pyvenv.cfg" ] || fresh=yes
cleanup() { if [ -n "$fresh" ]; then rm -rf "$prefix"; else rm -rf "$prefix/unpacked"; fi; }
trap 'cleanup' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
mkdir -p "$prefix" "$links" || fail "expected to write $prefix and $links" "sudo sh install.sh, or name others with --prefix and --links"
if [ -n "$fresh" ]; then
  free=$(df -Pm "$prefix" | awk 'NR == 2 { print $4 }')
  [ "$free" -ge $SPACE_MB ] || fail "expected $SPACE_MB MB free for $prefix; got $free MB" "delete something, or name another place with --prefix"
fi
say "into $prefix, by $found"
touch "$prefix/$MARK"
# A Python that has been upgraded or is another one now gets its environment anew; packages that fit stay.
"$found" -m venv "$prefix" || fail "expected an environment; venv failed" "see above"
# /tmp may be memory, of which a small board has little.
TMPDIR=$prefix/unpacked; export TMPDIR
mkdir -p "$TMPDIR"
pip() { "$prefix/bin/python" -m pip --disable-pip-version-check --quiet "$@" >&2; }
# pip takes a wheel of the version that is installed for that one, whatever is in it.
if [ -n "$wheel" ]; then pip install --no-deps --force-reinstall "$wheel" || fail "expected pip to install $wheel" "see above"; fi
pip install --upgrade --upgrade-strategy only-if-needed ${pin:+"$pin"} "$what" || fail "expected pip to install $what" "see above; is there a network?"
"$prefix/bin/catdog-edge" --camera demo --max-frames 1 > /dev/null || fail "expected catdog-edge to say what is in a drawn room" "$prefix/bin/catdog-edge doctor"

for command in $COMMANDS; do ln -sfn "$prefix/bin/$command" "$links/$command"; done
fresh=
case :$PATH: in *:"$links":*) ;; *) say "$links is not in PATH: log in again, or call $links/catdog-edge" ;; esac
echo "$("$prefix/bin/catdog-edge" --version) in $prefix; try: catdog-edge doctor"
