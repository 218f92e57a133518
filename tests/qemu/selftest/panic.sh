#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A self-test of the harness: a case that makes the kernel panic has failed.
# expect: FAIL
# module: no
echo c >/proc/sysrq-trigger
sleep 60
