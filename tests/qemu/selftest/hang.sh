#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A self-test of the harness: a case that hangs, and does not die of a signal that can be
# ignored, has failed.
# expect: FAIL
# module: no
# timeout: 3
# slow: yes
trap '' TERM INT
while :; do sleep 1; done
