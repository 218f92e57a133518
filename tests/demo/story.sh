# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The steps of the demonstration, in order; sourced by tests/demo/run, whose functions
# `say` and `on` it uses, and those of tests/qemu/machines.sh.

say "They reach one another"
on A "busybox ping -c 1 10.77.0.2"
on B "lsblk -d -o NAME,SIZE /dev/vda /dev/vdb"
