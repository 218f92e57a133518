#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A self-test of the harness: a case that ends well, and during which the kernel warned
# of something, has failed.
# expect: FAIL
# module: no
echo "WARNING: CPU: 0 PID: $$ at nowhere, written by a self-test" >/dev/kmsg
