#!/bin/sh
# Every tool on the fake laptop; each is a link with the tool's name.
program=${0##*/}
ROOT=${0%/*/*}
. "$ROOT/fakes/common.sh"

if [ "$program" = multipass ] && [ -e "$ROOT/laptop/daemon-down" ] && [ "${1-}" != version ]; then
  log laptop multipass refused "${1-}"
  echo "${1-} failed: cannot connect to the multipass socket" >&2
  exit 2
fi

case "$program ${1-}" in
"multipass exec")
  # multipass exec -n NAME -- sh -c WRAPPER kafstack ARGV...
  [ "$2 $4 $5 $6 $8" = "-n -- sh -c kafstack" ] || unknown multipass "$@"
  VM=$ROOT/vms/$3 wrapper=$7
  shift 8
  log vm "$@"
  [ -d "$VM" ] || refuse "exec failed: instance does not exist"
  read -r state <"$VM/state"
  # The real one would start it.
  [ "$state" = Running ] || unknown "multipass exec into a VM that is $state"
  for word do
    shift
    # Absolute paths in the VM become paths in its folder.
    case $word in
    /etc/kafstack* | /var/snap/*) word=$VM/root$word ;;
    /home/ubuntu/*) word=$VM/home/${word#/home/ubuntu/} ;;
    esac
    set -- "$@" "$word"
  done
  exec /usr/bin/env -i ROOT="$ROOT" VM="$VM" HOME="$VM/home" USER=ubuntu PATH="$ROOT/vm-bin:/usr/bin:/bin" \
    /bin/sh -c "$wrapper" kafstack "$@" ;;
esac

[ -n "${FAKE_SUDO-}" ] || log laptop "$program" "$@"
obey "$program $*"
PATH=/usr/bin:/bin

launch() {
  while [ $# -gt 0 ]; do
    case $1 in
    --name) name=$2; shift 2 ;;
    --cpus | --memory | --disk | --timeout | --cloud-init) shift 2 ;;
    *) shift ;;
    esac
  done
  vm=$ROOT/vms/$name
  [ ! -e "$vm" ] || refuse "launch failed: instance \"$name\" already exists"
  mkdir -p "$vm/home" "$vm/snaps" "$vm/juju" "$vm/root/etc/kafstack"
  cat >"$vm/user-data"
  [ ! -e "$ROOT/laptop/loses-user-data" ] || : >"$vm/user-data"
  sed -n 's/^fqdn: //p' "$vm/user-data" >"$vm/fqdn"
  sed -n 's/^ *content: //p' "$vm/user-data" >"$vm/root/etc/kafstack/vm"
  echo ubuntu adm lxd >"$vm/groups"
  echo Running >"$vm/state"
  effect launch "$name"
  echo "Launched: $name"
}

list() {
  comma=
  printf '{"list":['
  for vm in "$ROOT"/vms/*; do
    [ -d "$vm" ] || continue
    printf '%s{"name":"%s","state":"%s","release":"Ubuntu 24.04 LTS","ipv4":["10.86.113.24"]}' \
      "$comma" "${vm##*/}" "$(cat "$vm/state")"
    comma=,
  done
  echo ']}'
}

case "$program $*" in
"uname -sm") cat "$ROOT/laptop/uname" ;;
"cat /proc/meminfo") cat "$ROOT/laptop/meminfo" ;;
"cat /proc/cpuinfo") cat "$ROOT/laptop/cpuinfo" ;;
"df -Pk /") printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/nvme0n1p2 900000000 1 %s 1%% /\n' 800000000 ;;
"curl -sS -m 10 -o /dev/null https://api.charmhub.io") ;;
"sudo -n "* | "sudo "*)
  [ "$1" != -n ] || shift
  tool=$1; shift
  FAKE_SUDO=1 "$ROOT/bin/$tool" "$@" ;;
"snap version") echo "snap    2.66.1" ;;
"snap install multipass")
  effect snap install multipass
  ln -sf ../fakes/laptop.sh "$ROOT/bin/multipass"
  echo "multipass 1.16.3 from Canonical** installed" ;;
"snap refresh --hold=24h multipass") echo 'General refreshes of "multipass" held until 24h from now' ;;
"multipass version --format json") echo '{"multipass":"1.16.3","multipassd":"1.16.3"}' ;;
"multipass list --format json --no-ipv4" | "multipass list --format json") list ;;
"multipass launch 24.04 "*) launch "$@" ;;
"multipass start "*) echo Running >"$ROOT/vms/$2/state" ;;
"multipass recover "*) echo Stopped >"$ROOT/vms/$2/state" ;;
"multipass delete --purge "*)
  [ $# -eq 3 ] && [ -d "$ROOT/vms/$3" ] || unknown multipass "$@"
  effect destroy "$3"
  rm -rf "$ROOT/vms/${3:?}" ;;
*) unknown "$program" "$@" ;;
esac
