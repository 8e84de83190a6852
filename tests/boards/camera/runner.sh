#!/bin/bash
# In the guest: run each jobs/N.sh of the folder that the host shares; what it said is in N.out, its code in N.rc.
share=$(sed -n 's/.*SHARE=\([^ ]*\).*/\1/p' /proc/cmdline)
mkdir -p /mnt/share
mountpoint -q /mnt/share || mount -t hostfs none /mnt/share -o "$share"
cat /proc/sys/kernel/random/boot_id > /mnt/share/jobs/up
while true; do
  for job in /mnt/share/jobs/*.sh; do
    [ -e "$job" ] || continue
    name=${job%.sh}
    mv "$job" "$name.run"
    (
      bash "$name.run" > "$name.out" 2>&1 < /dev/null
      echo $? > "$name.part"
      mv "$name.part" "$name.rc"
    ) &
  done
  sleep 0.2
done
