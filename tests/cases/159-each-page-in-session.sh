#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As 156, with pages that cannot be had in place of objects: of the payload's copies, of large bodies
# and of what TCP keeps for them.
# kernel: debug
# allocations: fail
# timeout: 600
# shellcheck disable=SC2034 # read by 156
KIND=fail_page_alloc ROUND_LEAST=2 FAILBACK_LEAST=0
. "$(dirname "$0")/156-each-in-session.sh"
