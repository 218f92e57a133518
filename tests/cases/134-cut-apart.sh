#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As 068, for sites that are not in sync before: the connection is cut at each frame of a failback over a site that
# is outdated, over one without its metadata, over one that has gone back in time, and of a resolved split brain. Until the target has been told to
# go nothing is copied, and the sites are to each other what they were; behind its answer the copy goes on by itself.
# Each of two kernels has half of that; ROUNDS=4 for all.
# scenario: 10 19
# timeout: 1000
# shellcheck disable=SC2034 # read by lib.sh
DATA_MIB=16 CHECK=data
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

# The proxy is at site b, so each site is called by its peer's host.
PEER=([a]="${ADDRESS[b]}:7789" [b]="${ADDRESS[b]}:7787")

case $(uname -r) in
*-debug) groups=(outdated blank back resolve) ;;
6.1.*) groups=(outdated resolve) ;;
*) groups=(blank back) ;;
esac
[ "${ROUNDS:-2}" -lt 4 ] || groups=(outdated blank back resolve)
lab_sites
can_fail data
format_both
vol_create b secondary
vol_create a primary
in_site b "$TOP/tests/cases/cuts.py" "$LAB/cuts" "${ADDRESS[a]}" "${ADDRESS[b]}" "${groups[@]}" | tee "$LAB/said" ||
	fail "see above"
figure "$(tail -n 1 "$LAB/said")"

note "without the proxy"
vol_remove a b
PEER=()
vol_create b secondary
vol_create a primary
