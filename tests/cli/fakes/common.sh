# What the fake tools on the laptop and in the VM share. Sourced; ROOT is the fake laptop's folder.
#
# calls     every call, appended with one write
# effects   what was really done, one line each: what must happen once stands here once
# unknown   calls that no fake knows; a test with such a call fails
# faults/   what was planted: kind, beginning of a command line, argument, one a line
# held/     who is held at a planted point (its process id), until released/ has the same name

# log PLACE ARGV...
log() {
  if [ -t 0 ]; then in=terminal; elif [ /dev/stdin -ef /dev/null ]; then in=null; else in=pipe; fi
  if [ -t 1 ] || [ -t 2 ]; then out=terminal; else out=pipe; fi
  if [ /dev/stdout -ef /dev/stderr ]; then out=joined; fi
  place=$1; shift
  printf '%s\036' "$place" "$in" "$out" "${NO_COLOR-}" "${COLUMNS-}" "${LC_ALL-}" "${TERM-}" "${JUJU_MODEL-}" "$PWD" \
    "$@" end-of-call >>"$ROOT/calls"
}

effect() { printf '%s\n' "$*" >>"$ROOT/effects"; }

unknown() {
  printf '%s\n' "$*" >>"$ROOT/unknown"
  echo "no fake knows: $*" >&2
  exit 97
}

refuse() {
  echo "$*" >&2
  exit 1
}

hold() {
  # Written beside and moved, so that who sees it can read it.
  echo $$ >"$ROOT/held/$1.new"
  PATH=/usr/bin:/bin mv "$ROOT/held/$1.new" "$ROOT/held/$1"
  while [ -d "$ROOT/held" ] && [ ! -e "$ROOT/released/$1" ]; do PATH=/usr/bin:/bin sleep 0.02; done
}

# obey COMMAND-LINE: what was planted for it.
obey() {
  for fault in "$ROOT"/faults/*; do
    [ -e "$fault" ] || return 0
    { read -r kind; read -r beginning; read -r argument; } <"$fault"
    case $1 in "$beginning"*) ;; *) continue ;; esac
    case $kind in
    refusing) refuse "$argument" ;;
    # Their argument is a file.
    failing) /usr/bin/cat "$argument" >&2; exit 1 ;;
    saying) /usr/bin/cat "$argument" ;;
    complaining) /usr/bin/cat "$argument" >&2 ;;
    hanging)
      echo $$ >"$ROOT/held/hanging"
      PATH=/usr/bin:/bin exec sleep 600 ;;
    flooding)
      PATH=/usr/bin:/bin
      yes "the quick brown fox jumps over the lazy dog, and does so again" | head -c "$argument" ;;
    holding-before) PATH=/usr/bin:/bin rm -f "$fault"; hold "$argument" ;;
    holding-after)
      PATH=/usr/bin:/bin rm -f "$fault"
      trap 'status=$?; trap - EXIT; hold "$argument"; exit $status' EXIT ;;
    esac
  done
}
