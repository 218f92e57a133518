#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The example of doc/ compiles with the header alone and tells of a volume what is true.
# kernels: one
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=8
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# tells VOLUME PATTERN
tells()
{
	"$LAB/summaries" "/dev/mapper/$1" >"$LAB/said"
	cat "$LAB/said"
	grep -qE "$2" "$LAB/said" || fail "nothing like '$2'"
}

lab_sites
cc -Wall -Werror -I"$TOP/dm-mirsync/shared" -o "$LAB/summaries" "$TOP/doc/examples/summaries.c"
format_both
vol_create b secondary
vol_create a primary
wait_insync a
tells vola '^/dev/mapper/vola: primary, in sync, 2048 of 2048 segments valid, 0 marked$'
tells vola '^5 of 5 extents have the same codes at both sites$'
tells volb ': secondary, in sync, '
msg a disconnect
wait_field a link disconnected
put /dev/mapper/vola 0 64 1
tells vola ': primary, not in sync, .*, 16 marked$'
if grep -q extents "$LAB/said"; then
	fail "compared without a session"
fi
msg a connect
wait_insync a
expect_fail "$LAB/summaries" /dev/null
