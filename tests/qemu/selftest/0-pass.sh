#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# A self-test of the harness: a case without fault is not a failure, and cases that
# follow it in the same guest run.
# expect: ok
# module: no
echo nothing to see here
