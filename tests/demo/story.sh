# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# The steps of the demonstration, in order; sourced by tests/demo/run.

VOLUME=/dev/mapper/home
SEGMENT=4096
# What is wrong with a kernel, in its console.
SPLAT='WARNING: |BUG: |Oops|Call Trace|blocked for more than|lockup|rcu.*stall|refcount_t'

# The tree that is copied onto the volume first, and what B adds later.
FIRST_TREES=(/usr/share/perl /usr/lib/python3.11 "/usr/lib/modules/$KVER/kernel")
LATER_TREES=("/usr/lib/modules/$KVER/kernel" /usr/share/doc)
LATER_MIB=16

fio_verify="fio --name=verify --directory=/mnt/fio --size=24M --rw=randwrite --bs=4k --direct=1"
fio_verify+=" --ioengine=libaio --iodepth=16 --verify=crc32c --verify_fatal=1 --output=/run/fio.log"
fio_load="fio --name=load --directory=/mnt/fio --size=48M --rw=randwrite --bsrange=4k-64k --direct=1"
fio_load+=" --ioengine=libaio --iodepth=8 --time_based --runtime=100 --output=/run/load.log"

configure() # SITE ROLE
{
	local conf
	conf=$(printf '%s\n' 'data  = /dev/vda' 'meta  = /dev/vdb' "role  = $2" \
		"local = ${MACHINE_IP[$1]}:7788" "peer  = ${MACHINE_IP[${MACHINE_PEER[$1]}]}:7788" \
		'auth  = key :32:logon:mirsync:home' 'timeout = 2000')
	quietly "$1" "mkdir -p /etc/mirsync && echo '$conf' >/etc/mirsync/home.conf"
	quietly "$1" "echo -n '$KEY' | keyctl padd logon mirsync:home @u"
}

# Waits at the site for a condition of the volume, and tells how far it is.
wait_in_sync() # SITE
{
	# shellcheck disable=SC2016 # for the guest's shell
	busy "$1 and its peer get in sync" "$1" 'until mirsync wait home in-sync --timeout 1 2>/dev/null; do
		[ $((n += 1)) -lt 200 ] || exit 1
		mirsync status home | sed -n "s/^ *sync *//p" >/run/vm/progress; done'
}

# Reads every file back and compares it; --quiet prints only what is wrong.
check_files() # SITE SUMS
{
	local n
	n=$(wc -l <"$2")
	cp "$2" "$OUT/$1/sums"
	busy "$1 reads $n files" "$1" "cd /mnt/files && split -n r/2 /run/vm/sums /run/sums. &&
		{ sha256sum --quiet -c /run/sums.aa & } && sha256sum --quiet -c /run/sums.ab && wait \$!"
	good "$n files read back, each has its sha256 checksum"
}

# e2fsck of a file system that was not unmounted replays its journal first.
check_file_system() # SITE
{
	on "$1" "fsck.ext4 -p $VOLUME"
	quietly "$1" "fsck.ext4 -fn $VOLUME"
	show_output "$(tail -n 1 <<<"$SAID")"
	good "fsck finds nothing wrong"
}

copy_files() # SITE NAME COUNT
{
	# shellcheck disable=SC2016 # for the shell that tar starts
	local tell_progress='echo $((TAR_CHECKPOINT / 100)) MiB >/run/vm/progress'
	busy "$1 copies $3 files" "$1" "mkdir -p /mnt/files /mnt/fio &&
		tar -x -C /mnt/files -f $OUT/$2.tar --checkpoint=500 --checkpoint-action=exec='$tell_progress' && sync"
}

compare_disks()
{
	local n
	n=$("$HERE/differ" "$OUT/A.data" "$OUT/B.data" "$SEGMENT")
	[ "$n" = 0 ] || fail "the disks of A and B differ in $n segments"
	cmp "$OUT/A.data" "$OUT/B.data" || fail "the disks of A and B differ"
	good "the disks of A and B are the same, byte for byte ($(mib $((DEVICE_MIB << 20))) each, read on the host)"
}

# With the volumes down: both metadata areas, and every code against the data.
check_codes()
{
	local site text
	for site in A B; do
		text=$("$TOP/build/mirsync" check "$OUT/$site.meta" --data "$OUT/$site.data" 2>&1) ||
			{ show_output "$text"; fail "mirsync check of site $site"; }
	done
	show_output "$(tail -n 1 <<<"$text")"
	good "metadata of both sites is clean, every valid code is that of what is on the disk"
}

say "Two machines start, each with an empty disk of $DEVICE_MIB MiB (kernel $KVER)"
KEY=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
vm_boot A 6>&-
vm_boot B 6>&-
read -r COUNT BYTES < <("$HERE/pick" "$TREE_MIB" "$OUT/first" - "${FIRST_TREES[@]}")
vm_wait A || fail "A does not boot"
vm_wait B || fail "B does not boot"
vm_load_module A || fail "the module cannot be loaded at A"
vm_load_module B || fail "the module cannot be loaded at B"
result "both are up, the module is loaded"

say "Format, and start the mirror: A primary, B secondary"
configure A primary
configure B secondary
on A "cat /etc/mirsync/home.conf"
for site in A B; do
	on "$site" "mirsync format /dev/vdb /dev/vda"
done
for site in A B; do
	on "$site" "mirsync up home"
done

say "First sync: both make all codes, then compare them"
begin=$(tenths)
wait_in_sync A
took=$(tenths "$begin")
snapshot A first
snapshot B first
on A "mirsync status home"
result "in sync after $(seconds "$took") s: read $(mib $(($(counter A first gen_read_sectors) * 512))) at A," \
	"$(mib $(($(counter B first gen_read_sectors) * 512))) at B; shipped $(mib "$(counter A first tx_bytes)")"

say "An application at A: a file system, $COUNT files, a verifying load"
on A "mkfs.ext4 -q $VOLUME && mount $VOLUME /mnt"
begin=$(tenths)
copy_files A first "$COUNT"
took=$(($(tenths "$begin") + 1))
result "$COUNT files, $(mib "$BYTES"), written to both sites in $(seconds "$took") s ($(mib $((BYTES * 10 / took)))/s)"
busy "fio writes and verifies" A "$fio_verify"
good "fio wrote 24 MiB in random blocks of 4 KiB through the mirror, read them back and found each as written"

say "Disaster: machine A dies under load (SIGKILL)"
# shellcheck disable=SC2154 # of machines.sh
quietly A "$fio_load >/dev/null 2>&1 &
	$TOP/tests/demo/ledger /mnt/ledger $guest_stream >/run/ledger.log 2>&1 &"
stream=$(vm_stream A)
for ((i = 0; i < 150; i++)); do
	[ "$i" -ge 40 ] && [ "$(wc -l <"$stream")" -ge 20 ] && break
	sleep 0.1
done
vm_kill A
killed=$(tenths)
# The last line may be cut.
promised=$(wc -l <"$stream")
[ "$promised" -ge 20 ] || fail "the application at A did not get going: $promised records"
result "A is dead; its application was told of $promised records that they are safe"

say "B takes over"
# shellcheck disable=SC2016 # for the guest's shell
quietly B 'for i in $(seq 100); do mirsync status home | grep -q "link *not connected" && exit 0; sleep 0.1; done; exit 1'
on B "mirsync promote home"
took=$(tenths "$killed")
result "B is primary $(seconds "$took") s after the death of A"
check_file_system B
on B "mount $VOLUME /mnt"
quietly B "$TOP/tests/demo/ledger /mnt/ledger"
[ "$SAID" -ge "$promised" ] || fail "B has $SAID records, A had acknowledged $promised"
good "B has $SAID records of the ledger: all $promised that A had acknowledged"
busy "fio verifies" B "$fio_verify --verify_only"
good "fio finds at B each block as A had written it"
check_files B "$OUT/first.sums"

say "Business goes on at B: files come and go"
read -r count bytes < <("$HERE/pick" "$LATER_MIB" "$OUT/later" "$OUT/first.list" "${LATER_TREES[@]}")
copy_files B later "$count"
# Every ninth file is deleted.
awk 'NR % 9 == 0' "$OUT/first.list" >"$OUT/gone.list"
cp "$OUT/gone.list" "$OUT/B/gone"
quietly B "cd /mnt/files && xargs -d '\n' rm -- </run/vm/gone && rm /mnt/fio/load.* && sync"
awk 'NR % 9' "$OUT/first.sums" | cat - "$OUT/later.sums" >"$OUT/last.sums"
result "$count files came ($(mib "$bytes")), $(wc -l <"$OUT/gone.list") were deleted"

say "A comes back, its disk stale"
snapshot B before
quietly B "mirsync status home"
vm_start A 6>&- || fail "A does not boot again"
vm_load_module A || fail "the module cannot be loaded at A"
configure A primary
on A "mirsync up home"
# shellcheck disable=SC2016 # for the guest's shell
quietly A 'for i in $(seq 200); do mirsync status home --json | grep -q "\"meeting_name\": \"outdated\"" && exit 0; sleep 0.1; done; exit 1'
snapshot A before
on A "mirsync status home"
if at_site A "dd if=/dev/zero of=$VOLUME bs=4k count=1 oflag=direct" >/dev/null 2>&1; then
	fail "A accepts a write although it is outdated"
fi
good "A knows that it is outdated, and refuses writes"

say "The way home: compare the codes, copy what differs, give A its role back"
on B "umount /mnt"
DIFFERED=$("$HERE/differ" "$OUT/A.data" "$OUT/B.data" "$SEGMENT")
tell "(the host has read both disks from end to end: $DIFFERED segments differ)"
on B "mirsync failback home --dry-run"
begin=$(tenths)
on B "mirsync failback home --switch --yes"
took=$(tenths "$begin")
snapshot A after
snapshot B after
result "A is primary again after $(seconds "$took") s"
on A "mirsync down home"
on B "mirsync down home"
compare_disks
check_codes

say "A serves again"
for site in A B; do
	on "$site" "mirsync up home"
done
wait_in_sync A
check_file_system A
on A "mount $VOLUME /mnt"
check_files A "$OUT/last.sums"
quietly A "umount /mnt && mirsync wait home in-sync --timeout 20 && mirsync down home"
quietly B "mirsync down home"
vm_stop A
vm_stop B
compare_disks
if grep -hE "$SPLAT" "$OUT"/[AB].console.log; then
	fail "a kernel complained (see the console.log files)"
fi
good "no kernel complained"

say "What the way home took"
"$HERE/figures" "$OUT" "$SEGMENT" "$DIFFERED" "$took" >"$OUT/figures.txt" 2>&1 ||
	{ show_output "$(cat "$OUT/figures.txt")"; fail "the figures are not what they should be"; }
line '' "$(cat "$OUT/figures.txt")"
result "everything held; $(seconds "$(tenths)") s in all"
