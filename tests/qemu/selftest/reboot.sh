#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A self-test of the harness: a case during which the machine resets has failed.
# expect: FAIL
# module: no
# slow: yes
echo b >/proc/sysrq-trigger
sleep 60
