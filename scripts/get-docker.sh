#!/usr/bin/env bash
# Get a real Docker Engine for the tests of docker-compose.yml.
#   scripts/get-docker.sh          prints the path of the client on its last line
# Takes, in this order: an engine that answers already, a dockerd that is installed and only has to be started, Debian's own, which
# takes apt. The last two take root. What is started here runs on, until `kill $(cat .servers/docker/dockerd.pid)`; its log is beside that.
# A client that is too old for `docker stack` with this project's files is left alone, and a later one of Debian's put into .servers; so is
# a static busybox, for images of tests.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$root/.servers/docker
# Ours alone in the hope that nobody has these: its bridge, and where networks without a subnet of their own come from.
bridge=10.213.64.1/24
pool=base=10.213.96.0/19,size=24

oldest_client=25

found() {
  echo "get-docker: Docker Engine $(docker version --format '{{.Server.Version}}'), $1" >&2
  fetch busybox-static busybox bin/busybox
  major=$(docker version --format '{{.Client.Version}}' | cut -d. -f1)
  if [ "$major" -ge "$oldest_client" ]; then
    command -v docker
  else
    fetch docker-cli docker-cli usr/bin/docker
    echo "$root/.servers/docker-cli/usr/bin/docker"
  fi
  exit 0
}

# A package of this machine's own release, be it Ubuntu's.
own() { (cd "$2" && apt-get -q download "$1" >/dev/null 2>&1 && dpkg -x "$1"_*.deb . && rm "$1"_*.deb); }

# A package of Debian's next release into a folder of .servers, where it has this file.
fetch() {
  [ -x "$root/.servers/$2/$3" ] && return
  mkdir -p "$root/.servers"
  fresh=$(mktemp -d "$root/.servers/$2.XXXXXX")
  "$root/scripts/deb-from.sh" trixie "$1" "$fresh" || own "$1" "$fresh" || { rm -rf "$fresh"; refuse "Debian's archive does not give out $1 (suite trixie)"; }
  # In trixie, /bin is a link.
  [ -x "$fresh/$3" ] || { mkdir -p "$(dirname "$fresh/$3")" && ln "$fresh/usr/$3" "$fresh/$3"; }
  rm -rf "${root:?}/.servers/$2"
  mv "$fresh" "$root/.servers/$2"
}

refuse() {
  echo "get-docker: $1" >&2
  echo "get-docker: install Docker Engine 20.10 or later by hand, start it, and let this user reach it: docker info" >&2
  exit 1
}

answers() { command -v docker >/dev/null && docker info >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi
}

answers && found "found running"
as_root true 2>/dev/null || refuse "no engine answers, and to start one takes root"

if ! command -v dockerd >/dev/null || ! command -v docker >/dev/null || ! command -v iptables >/dev/null; then
  command -v apt-get >/dev/null || refuse "there is no dockerd with iptables here, and it cannot be fetched: apt-get is missing"
  # A package that starts a service would fail, or start another engine than the one below.
  as_root apt-get -q update >/dev/null || echo "get-docker: the package lists are as old as they are" >&2
  as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q install -y --no-install-recommends docker.io iptables >&2 ||
    refuse "Debian's archive does not give out docker.io and iptables; is there a way to it?"
fi

grep -qw overlay /proc/filesystems || as_root modprobe overlay 2>/dev/null || echo "get-docker: no overlay file system: slow copies" >&2
[ -d /sys/fs/cgroup/memory ] || [ -e /sys/fs/cgroup/cgroup.controllers ] || refuse "cgroups are not mounted here"

# In a container with cgroups of version 2, as machines of CI are: who has members of its own can give no limits to children.
if [ -e /.dockerenv ] && [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  as_root bash -c 'cd /sys/fs/cgroup && mkdir -p init && xargs -rn1 <cgroup.procs >init/cgroup.procs
    sed "s/ / +/g; s/^/+/" <cgroup.controllers >cgroup.subtree_control' 2>/dev/null || echo "get-docker: limits may not be had here" >&2
fi

mkdir -p "$folder"
log=$folder/dockerd.log
as_root rm -f "$folder/dockerd.pid"
# Where a service manager runs, it was started with the package.
answers && found "started by its package"
as_root setsid dockerd --pidfile "$folder/dockerd.pid" --bip "$bridge" --default-address-pool "$pool" >"$log" 2>&1 </dev/null &
daemon=$!
for _ in $(seq 120); do
  answers && found "started, see $log"
  kill -0 "$daemon" 2>/dev/null || break
  sleep 0.5
done
tail -n 5 "$log" >&2
refuse "dockerd does not come up, see $log"
