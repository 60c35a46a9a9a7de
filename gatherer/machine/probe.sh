#!/bin/bash
# probe.sh: asks the gatherer whether it is alive. After three noes in a row the service is started again, after six the
# Auto Scaling group is told, which then replaces the machine. The timer calls it every half minute.
set -euo pipefail
count_file=${PROBE_COUNT:-/run/snakebatch-probe}
identity=${PROBE_IDENTITY:-/var/lib/cloud/data/instance-id} # where cloud-init leaves it

if curl --silent --fail --max-time 10 --output /dev/null "http://127.0.0.1:${GATHERER_PORT}/v9/health"; then
    rm -f "$count_file"
    exit 0
fi
noes=$(($(cat "$count_file" 2>/dev/null || echo 0) + 1))
echo "$noes" >"$count_file"
echo "the gatherer does not answer its probe: $noes in a row" >&2
if [ "$noes" -eq 3 ]; then
    systemctl restart snakebatch-gatherer.service
elif [ "$noes" -ge 6 ]; then
    aws autoscaling set-instance-health --instance-id "$(cat "$identity")" --health-status Unhealthy
fi
