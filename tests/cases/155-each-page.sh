#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# As 154, with pages that cannot be had in place of objects.
# kernel: debug
# allocations: fail
# timeout: 400
# shellcheck disable=SC2034 # read by 154
KIND=fail_page_alloc
. "$(dirname "$0")/154-each-allocation.sh"
