#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0
# The link is cut while the primary writes: it goes on alone and marks; after the
# reconnect exactly what changed is shipped, and a rewrite with the same content is not.
# scenario: 2
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib-io.sh"

lab_sites
format_both
vol_create b secondary timeout 6000
vol_create a primary timeout 6000
wait_insync a
put /dev/mapper/vola 0 16384 1
wait_insync a
gen=$(field a gen)

cut_link
put /dev/mapper/vola 4096 2048 2	# other content
put /dev/mapper/vola 8192 2048 1	# moved content: differs too
wait_field a link connecting 30
[ "$(field a gen)" != "$gen" ] || fail "no new generation although it went on alone"
[ "$(field a marked)" = 1024 ] || fail "marked: $(field a marked)"
heal_link
wait_insync a
note "$(dmsetup status vola)"
[ "$(field a rs_copied)" = 1024 ] || fail "copied: $(field a rs_copied)"

cut_link
dd if=/dev/mapper/vola of=/dev/mapper/vola bs=1M count=4 iflag=direct oflag=direct conv=notrunc status=none
wait_field a link connecting 30
heal_link
wait_insync a
[ "$(field a rs_copied)" = 0 ] || fail "same content was shipped: $(field a rs_copied)"
