#!/bin/bash
# install.sh: makes a machine of Amazon Linux 2023 the gatherer, from what the layers brought to /opt/snakebatch and what
# the user data wrote to /etc/snakebatch/gatherer.env. Returns once the gatherer answers its probe; run as root.
set -euo pipefail
root=${SNAKEBATCH_ROOT:-} # a test installs into a folder
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
environment="$root/etc/snakebatch/gatherer.env"

# The layer's wheels are of this Python; the system's own is 3.9 for good. All of these come from the repository of the
# very release that the image is locked to, signed, in the region's S3. An image that has them asks nobody.
missing=()
command -v python3.13 >/dev/null || missing+=(python3.13)
command -v logrotate >/dev/null || missing+=(logrotate)
agent="$root/opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl"
[ -x "$agent" ] || missing+=(amazon-cloudwatch-agent)
if [ ${#missing[@]} -gt 0 ]; then
    dnf install --assumeyes --quiet "${missing[@]}"
fi

id -u snakebatch >/dev/null 2>&1 ||
    useradd --system --home-dir /var/lib/snakebatch --no-create-home --shell /sbin/nologin snakebatch

for unit in snakebatch-gatherer.service snakebatch-probe.service snakebatch-probe.timer; do
    install -D -m 644 "$here/$unit" "$root/etc/systemd/system/$unit"
done
# systemd opens a unit's log before it makes the unit's folders.
install -d -m 755 "$root/var/log/snakebatch" "$root/etc/snakebatch"
install -D -m 644 "$here/logrotate.conf" "$root/etc/logrotate.d/snakebatch"

value() { # $1 = a variable of the environment file
    sed -n "s/^$1=//p" "$environment"
}
sed -e "s|@PREFIX@|$(value POWERTOOLS_SERVICE_NAME)|g" -e "s|@LOG_GROUP@|$(value LOG_GROUP)|g" \
    "$here/cloudwatch-agent.json" >"$root/etc/snakebatch/cloudwatch-agent.json"

systemctl daemon-reload
systemctl enable --now snakebatch-gatherer.service
"$agent" -a fetch-config -m ec2 -s -c "file:$root/etc/snakebatch/cloudwatch-agent.json"

# Two minutes for the first answer; from then on the timer asks.
curl --silent --show-error --fail --output /dev/null --retry 60 --retry-delay 2 --retry-all-errors \
    "http://127.0.0.1:$(value GATHERER_PORT)/v9/health"
systemctl enable --now snakebatch-probe.timer
