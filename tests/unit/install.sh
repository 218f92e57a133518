#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# What make install puts where, but for the module: the example among it compiles with the header
# that is there and nothing else of this tree. Prints TAP, as tests/unit-run takes it.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
number=0
failed=0

check() # NAME COMMAND...
{
	local name=$1 verdict=ok
	shift
	number=$((number + 1))
	"$@" >"$work/said" 2>&1 || { verdict='not ok'; failed=1; }
	echo "$verdict $number - $name"
	[ "$verdict" = ok ] || sed 's/^/#    /' "$work/said"
}

# shellcheck disable=SC2317 # called by check
places()
{
	local file bad=0
	for file in sbin/mirsync include/mirsync_ioctl.h share/man/man7/dm-mirsync.7 \
		share/man/man8/mirsync.8 share/man/man5/mirsync.conf.5 \
		share/doc/dm-mirsync/interface.md share/doc/dm-mirsync/examples/summaries.c; do
		[ -f "$work/root/opt/$file" ] || { echo "no $file"; bad=1; }
	done
	[ -x "$work/root/opt/share/doc/dm-mirsync/examples/before-target-lvm" ] ||
		{ echo "before-target-lvm cannot be run"; bad=1; }
	return "$bad"
}

check install make --no-print-directory install-user PREFIX=/opt DESTDIR="$work/root"
check places places
check example "${CC:-cc}" -Wall -Wextra -Werror -I"$work/root/opt/include" -o "$work/summaries" \
	"$work/root/opt/share/doc/dm-mirsync/examples/summaries.c"
check program "$work/root/opt/sbin/mirsync" --version
echo "1..$number"
exit "$failed"
