#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As 151, with pages that cannot be had in place of objects.
# kernel: debug
# allocations: fail
# timeout: 300
# shellcheck disable=SC2034 # read by 151
KIND=fail_page_alloc
. "$(dirname "$0")/151-no-memory.sh"
