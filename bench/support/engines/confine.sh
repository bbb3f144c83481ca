#!/usr/bin/env bash
# confine.sh ROOT FOLDER MEMORY_MB CPU_MILLIS DIRECTORY PROGRAM [ARGUMENT…]
#
# Runs a program in a container's root filesystem as OCI Functions runs it, where no container engine runs: as uid 1000
# without rights, on a read-only root with a /tmp of its own, FOLDER at its own path in it, with so much memory and so
# many thousandths of a processor. It needs root, Linux, and cgroups of either version. The network is the machine's.
set -euo pipefail
export ROOT=$1 FOLDER=$2 DIRECTORY=$5
memory=$(($3 * 1024 * 1024)) quota=$(($4 * 100)) period=100000
shift 5

groups=()
if [[ -e /sys/fs/cgroup/cgroup.controllers ]]; then
  groups=("/sys/fs/cgroup/byoi-$$")
  mkdir "${groups[0]}"
  echo "$memory" > "${groups[0]}/memory.max"
  echo "$quota $period" > "${groups[0]}/cpu.max"
else
  groups=("/sys/fs/cgroup/memory/byoi-$$" "/sys/fs/cgroup/cpu/byoi-$$")
  mkdir "${groups[@]}"
  echo "$memory" > "${groups[0]}/memory.limit_in_bytes"
  echo "$period" > "${groups[1]}/cpu.cfs_period_us"
  echo "$quota" > "${groups[1]}/cpu.cfs_quota_us"
fi
# Whoever changes its user outlives its parent's death: what is in the group is killed by itself. A group can be removed
# once the last of its processes is gone.
clean_up() {
  for _ in {1..100}; do
    xargs -r kill -KILL < "${groups[0]}/cgroup.procs" 2> /dev/null || true
    rmdir "${groups[@]}" 2> /dev/null && return
    sleep 0.02
  done
}
trap clean_up EXIT
trap 'exit 143' TERM INT

(
  for group in "${groups[@]}"; do echo "$BASHPID" > "$group/cgroup.procs"; done
  exec unshare --mount --pid --ipc --uts --fork bash -euc '
    mount --bind "$ROOT" "$ROOT"
    mount -o remount,bind,ro "$ROOT"
    mount -t proc proc "$ROOT/proc"
    mount -t tmpfs -o mode=1777,noexec,nosuid tmpfs "$ROOT/tmp"
    mkdir -p "$ROOT$FOLDER"
    mount --bind "$FOLDER" "$ROOT$FOLDER"
    ulimit -n 350 -u 50
    exec setpriv --no-new-privs chroot --userspec=1000:1000 "$ROOT" \
      /bin/sh -c "cd \"\$0\" && exec \"\$@\"" "$DIRECTORY" "$@"
  ' confine "$@"
) &
wait "$!"
