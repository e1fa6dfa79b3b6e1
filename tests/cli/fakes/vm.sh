#!/bin/sh
# Every tool in the fake VM; each is a link with the tool's name. VM is the fake VM's folder.
program=${0##*/}
. "$ROOT/fakes/common.sh"
log inside "$program" "$@"
obey "$program $*"

# What runs other tools finds the fakes, everything else the system's own.
case $program in
sudo) "$@"; exit ;;
bash) /bin/bash "$@"; exit ;;
esac
PATH=/usr/bin:/bin

snap_install() {
  channel=latest/stable
  shift
  while [ $# -gt 0 ]; do
    case $1 in
    --channel) channel=$2; shift 2 ;;
    *) name=$1; shift ;;
    esac
  done
  if [ -e "$VM/snaps/$name" ]; then
    echo "snap \"$name\" is already installed, see 'snap help refresh'"
    return
  fi
  if [ "$name" = openstack ]; then
    mkdir -p "$VM/root/var/snap/openstack/common/state"
    : >"$VM/root/var/snap/openstack/common/state/control.socket"
  fi
  echo "$channel" >"$VM/snaps/$name"
  effect snap install "$name"
  echo "$name ($channel) from Canonical** installed"
}

snap_list() {
  [ -e "$VM/snaps/$1" ] || refuse "error: no matching snaps installed"
  case $1 in juju) version=3.6.11 ;; lxd) version=5.21.4-1a2b3c4 ;; *) version=2024.1-0a1b2c3 ;; esac
  echo "Name  Version  Rev  Tracking  Publisher  Notes"
  echo "$1  $version  1091  $(cat "$VM/snaps/$1")  canonical**  held"
}

prepare_script() {
  cat <<'SCRIPT'
#!/bin/bash
set -e
sudo usermod --append --groups snap_daemon ubuntu
sudo snap connect openstack:ssh-keys
sudo snap install --channel 3.6/stable juju
sudo snap install --channel 5.21/stable lxd
sudo usermod --append --groups lxd ubuntu
sudo lxd init --preseed </dev/null
mkdir -p "$HOME/.local/share"
juju show-controller localhost-localhost || juju bootstrap localhost
SCRIPT
}

bootstrap_cloud() {
  [ -d "$VM/juju/localhost-localhost" ] || refuse "Error: Missing Juju controller on LXD"
  if [ ! -e "$VM/bootstrapped" ]; then
    mkdir -p "$VM/juju/sunbeam-controller"
    echo sunbeam-controller >"$VM/current"
    : >"$VM/bootstrapped"
    effect bootstrap cloud
  fi
  echo "Node has been bootstrapped with roles: control, compute"
}

openrc() {
  echo "export OS_USERNAME=demo OS_PASSWORD=canary-password" >"$1"
  effect configure cloud
  echo "Writing openrc to $1 ... done"
}

servers() {
  comma=
  printf '['
  if [ -e "$VM/servers" ]; then
    while read -r id status; do
      printf '%s{"ID":"%s","Name":"demo_instance","Status":"%s","Networks":{"demo-network":["192.168.0.42","172.16.2.203"]}}' \
        "$comma" "$id" "$status"
      comma=,
    done <"$VM/servers"
  fi
  echo ']'
}

controllers() {
  comma= all=
  for controller in "$VM"/juju/*; do
    [ -d "$controller" ] || continue
    all="$all$comma\"${controller##*/}\":{\"cloud\":\"localhost\"}"
    comma=,
  done
  if [ -n "$all" ]; then all="{$all}"; else all=null; fi
  current=
  [ ! -e "$VM/current" ] || current=$(cat "$VM/current")
  echo "{\"controllers\":$all,\"current-controller\":\"$current\"}"
}

juju_bootstrap() {
  case ${2-} in '' | --*) name=localhost-localhost ;; *) name=$2 ;; esac
  [ ! -e "$VM/juju/$name" ] || refuse "ERROR controller \"$name\" already exists"
  echo "Creating Juju controller \"$name\" on localhost/localhost"
  mkdir -p "$VM/juju/$name"
  case " $* " in *" --no-switch "*) ;; *) echo "$name" >"$VM/current" ;; esac
  effect bootstrap "$name"
  echo "Bootstrap complete, controller \"$name\" is now available"
}

models() {
  comma=
  printf '{"models":['
  for model in "$VM/juju/$1"/*; do
    [ -d "$model" ] || continue
    printf '%s{"name":"admin/%s","short-name":"%s","life":"alive"}' "$comma" "${model##*/}" "${model##*/}"
    comma=,
  done
  echo ']}'
}

# model CONTROLLER:MODEL
model() {
  model=$VM/juju/${1%%:*}/${1##*:}
  [ -d "$model" ] || refuse "ERROR model $1 not found"
}

deploy() {
  application=$1
  while [ $# -gt 0 ]; do
    case $1 in
    --channel) channel=$2; shift 2 ;;
    -n) units=$2; shift 2 ;;
    -m) model "$2"; shift 2 ;;
    *) shift ;;
    esac
  done
  [ ! -e "$model/$application" ] || refuse "ERROR application already exists"
  echo "$channel $units" >"$model/$application"
  effect deploy "$application"
  echo "Deployed \"$application\" from charm-hub charm \"$application\"" >&2
}

status() {
  model "$1"
  since='"since":"2026-03-14 09:24:10Z"'
  machine=0 comma= machines= applications=
  for application in "$model"/*; do
    [ -f "$application" ] || continue
    name=${application##*/}
    [ "$name" != related ] || continue
    read -r channel units <"$application"
    workload=active message=
    # As it stands within JSON.
    [ ! -e "$VM/message" ] || message=$(cat "$VM/message")
    relations=
    if [ -e "$model/related" ]; then
      case $name in kafka) other=zookeeper ;; *) other=kafka ;; esac
      relations="\"zookeeper\":[{\"related-application\":\"$other\",\"interface\":\"zookeeper\",\"scope\":\"global\"}]"
    elif [ "$name $channel" = "kafka 3/stable" ]; then
      workload=blocked message="Application needs ZooKeeper or KRaft mode"
    fi
    n=0 all= between=
    while [ $n -lt "$units" ]; do
      leader=
      [ $n -gt 0 ] || leader='"leader":true,'
      all="$all$between\"$name/$n\":{\"workload-status\":{\"current\":\"$workload\",\"message\":\"$message\",$since},\"juju-status\":{\"current\":\"idle\",$since},$leader\"machine\":\"$machine\",\"public-address\":\"10.151.66.$((20 + machine))\"}"
      machines="$machines${machines:+,}\"$machine\":{\"juju-status\":{\"current\":\"started\",$since},\"dns-name\":\"10.151.66.$((20 + machine))\",\"instance-id\":\"juju-5d1c9e-$machine\",\"machine-status\":{\"current\":\"running\",$since},\"modification-status\":{\"current\":\"applied\",$since}}"
      between=, n=$((n + 1)) machine=$((machine + 1))
    done
    applications="$applications$comma\"$name\":{\"charm\":\"$name\",\"charm-name\":\"$name\",\"charm-channel\":\"$channel\",\"charm-rev\":241,\"application-status\":{\"current\":\"$workload\",$since},\"relations\":{$relations},\"units\":{$all}}"
    comma=,
  done
  echo "{\"model\":{\"name\":\"${1##*:}\",\"controller\":\"${1%%:*}\",\"cloud\":\"localhost\",\"version\":\"3.6.11\",\"model-status\":{\"current\":\"available\",$since}},\"machines\":{$machines},\"applications\":{$applications},\"controller\":{\"timestamp\":\"09:31:07Z\"}}"
}

if [ "$program" = openstack ] && [ "${OS_PASSWORD-}" != canary-password ]; then
  refuse "Missing value auth-url required for auth plugin password"
fi

case "$program $*" in
"cloud-init status --format json") echo '{"status":"done","errors":[]}' ;;
"lsb_release -sc") echo noble ;;
"hostname -f") cat "$VM/fqdn" ;;
"id -nG") cat "$VM/groups" ;;
"mkdir "* | "tee "*) "$program" "$@" ;;
"df -Pk /") printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 120000000 1 %s 1%% /\n' 90000000 ;;
"getent hosts api.charmhub.io") echo "185.125.188.57 api.charmhub.io" ;;
"curl -sS -m 10 -o /dev/null https://api.charmhub.io") ;;
"journalctl "*) exit 1 ;;
"usermod -aG "*" ubuntu" | "usermod --append --groups "*" ubuntu")
  while [ $# -gt 2 ]; do shift; done
  echo "$(cat "$VM/groups") $1" >"$VM/groups" ;;

"snap wait system seed.loaded") ;;
"snap list "*" --unicode=never --color=never") snap_list "$2" ;;
"snap install "*) snap_install "$@" ;;
"snap services openstack.clusterd") printf 'Service  Startup  Current  Notes\nopenstack.clusterd  enabled  active  -\n' ;;
"snap changes") printf 'ID  Status  Spawn  Ready  Summary\n1  Done  today  today  Initialize system state\n' ;;
"snap refresh --hold=24h "* | "snap connect openstack:ssh-keys") ;;

"lxd waitready --timeout 270") ;;
"lxd init --auto") echo lxdbr0 >"$VM/bridge"; effect initialise lxd ;;
"lxd init --preseed") echo sunbeambr0 >"$VM/bridge"; : >"$VM/no-ipv6" ;;
"lxc storage list --format json")
  if [ -e "$VM/bridge" ]; then echo '[{"name":"default","driver":"zfs"}]'; else echo '[]'; fi ;;
"lxc list --format json") echo '[]' ;;
"lxc storage info default --bytes") printf 'info:\n  name: default\n  space used: 1000\n  total space: 30000\n' ;;
"lxc network list --format csv") [ ! -e "$VM/bridge" ] || echo "$(cat "$VM/bridge"),bridge,YES,10.160.130.1/24,none,,1,CREATED" ;;
"lxc profile device get default eth0 network")
  [ -e "$VM/bridge" ] || refuse "Error: Device doesn't exist"
  cat "$VM/bridge" ;;
"lxc network get "*" ipv6.address")
  if [ -e "$VM/no-ipv6" ]; then echo none; else echo fd42:474b:622d:259d::1/64; fi ;;
"lxc network get "*" ipv4.address") echo 10.160.130.1/24 ;;
"lxc network set lxdbr0 ipv6.address none") : >"$VM/no-ipv6" ;;

"sunbeam prepare-node-script --bootstrap") prepare_script ;;
"sunbeam cluster bootstrap --accept-defaults") bootstrap_cloud ;;
"sunbeam cluster list --format yaml")
  printf "openstack-machines:\n  '0':\n    hostname: microstack\n    status:\n      compute: active\n      control: active\n      machine: running\n" ;;
"sunbeam utils juju-login") [ -e "$VM/bootstrapped" ] || refuse "Error: Cluster not bootstrapped" ;;
"sunbeam configure --accept-defaults --openrc "*) openrc "$4" ;;
"sunbeam launch ubuntu --name demo_instance")
  echo "5f0c ACTIVE" >>"$VM/servers"
  effect launch demo_instance
  echo "Launching an OpenStack instance ..." ;;
"sunbeam dashboard url") echo "http://172.16.1.204:80/openstack-horizon" ;;
"openstack token issue -f json")
  token=canary-token
  [ ! -e "$VM/token" ] || token=$(cat "$VM/token")
  printf '{"id":"%s","expires":"2026-03-15T09:24:10+0000"}\n' "$token" ;;
"openstack network show demo-network -f json" | "openstack image show ubuntu -f json" | "openstack flavor show m1.tiny -f json")
  case $1 in network) echo '{"status":"ACTIVE"}' ;; image) echo '{"status":"active"}' ;; *) echo '{"name":"m1.tiny"}' ;; esac ;;
"openstack server list --name ^demo_instance\$ -f json") servers ;;

"juju version") echo 3.6.11-genericlinux-amd64 ;;
"juju controllers --format json") controllers ;;
"juju show-controller "*)
  [ -d "$VM/juju/$2" ] || refuse "ERROR controller $2 not found"
  echo "{\"$2\":{\"details\":{\"cloud\":\"localhost\"}}}" ;;
"juju bootstrap localhost"*) shift; juju_bootstrap "$@" ;;
"juju switch "*) echo "$2" >"$VM/current" ;;
"juju models -c "*" --format json")
  [ -d "$VM/juju/$3" ] || refuse "ERROR controller $3 not found"
  models "$3" ;;
"juju add-model "*" --no-switch")
  mkdir "$VM/juju/$4/$2" || refuse "ERROR model already exists"
  effect add-model "$2" ;;
"juju status -m sunbeam-controller:openstack --format json --utc") refuse "ERROR model not found" ;;
"juju status -m "*" --format json --utc") status "$3" ;;
"juju debug-log -m "*) ;;
"juju deploy "*) shift; deploy "$@" ;;
"juju add-unit "*)
  model "$6"
  read -r channel units <"$model/$2"
  echo "$channel $((units + $4))" >"$model/$2"
  effect add-unit "$2" ;;
"juju integrate kafka:zookeeper zookeeper:zookeeper -m "*)
  model "$5"
  [ ! -e "$model/related" ] || refuse "ERROR relation already exists"
  : >"$model/related"
  effect integrate kafka ;;
"juju exec -m "*" --unit kafka/0 --format json --wait 1m -- charmed-kafka.topics --list "*)
  echo '{"kafka/0":{"id":"8","status":"completed","results":{"return-code":0,"stdout":"__consumer_offsets"}}}' ;;
"juju exec -m "*" --unit kafka/0 --format json --wait 1m -- charmed-kafka.topics --describe --topic orders "*)
  printf '%s\n' '{"kafka/0":{"id":"9","status":"completed","results":{"return-code":0,"stdout":"Topic: orders\tTopicId: x\tPartitionCount: 1\tReplicationFactor: 1\tConfigs: \n\tTopic: orders\tPartition: 0\tLeader: 100\tReplicas: 100\tIsr: 100\n"}}}' ;;
"juju exec -m "*" --unit kafka/0 --format json --wait 1m -- pkill -f client.id=kafstack-"*)
  # The one that was started with this very id.
  case " $(cat "$VM/client") " in *" ${11##* } "*) ;; *) refuse "another id" ;; esac
  kill "$(cat "$VM/client-process")"
  effect pkill
  echo '{"kafka/0":{"id":"10","status":"completed","results":{"return-code":0}}}' ;;
"juju ssh -m "*" --pty=false kafka/0 sudo charmed-kafka.console-consumer "*)
  echo "$*" >"$VM/client"
  echo $$ >"$VM/client-process"
  cat "$VM/messages"
  exec sleep 600 ;;
"juju ssh -m "*" --pty=false kafka/0 sudo charmed-kafka.console-producer "*)
  cat >>"$VM/messages" ;;
*) unknown "$program" "$@" ;;
esac
